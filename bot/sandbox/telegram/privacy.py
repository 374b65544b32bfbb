"""Which messages of a group a bot gets to see.

https://core.telegram.org/bots/features#privacy-mode and, for messages of other bots,
https://core.telegram.org/api/bots/bot-to-bot
"""

from bot.sandbox.telegram.markup import leading_command
from bot.sandbox.telegram.rows import ABSENT, ADMINS, Chat, Message
from bot.sandbox.telegram.state import TelegramState


def reaches_bot(state: TelegramState, chat: Chat, message: Message) -> bool:
    """Whether the bot gets an update; notes whether the message was meant for it."""
    me = state.bot
    if chat.user is not None:
        return True
    status = chat.members.get(me.user_id, "left")
    if status in ABSENT:
        return False
    if message.service or chat.kind == "channel":
        return True
    mentioned, general = _command_for(me.username or "", message)
    answered = chat.messages.get(message.reply_to) if message.reply_to is not None else None
    to_me = answered is not None and answered.sender == me
    if message.sender is not None and message.sender.is_bot and message.sender_chat is None:
        # The other bot has bot-to-bot communication on; that is enough for what addresses ours.
        return mentioned or to_me
    message.addressed = (
        mentioned
        or to_me
        or (general and chat.last_bot == me.user_id)
        or (answered is not None and answered.addressed)
    )
    return message.addressed or state.reads_all or status in ADMINS


def _command_for(username: str, message: Message) -> tuple[bool, bool]:
    """Whether it begins with a command for this bot by name, and with one for nobody by name."""
    command = leading_command(message.plain)
    if command is None:
        return False, False
    _, mention = command
    return mention.lower() == username.lower(), not mention
