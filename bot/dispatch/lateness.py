"""What was asked for so long ago that nobody may want it any more."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.commands import Command
from bot.domain.chat import Button, IncomingMessage, Reply, Typed
from bot.domain.inbox import InboxEntry
from bot.ports import Inbox
from bot.texts import Draft, M, Texts

LATE_AFTER = timedelta(minutes=10)
"""A change asked for longer ago than this is not carried out without asking."""
_LABEL_LIMIT = 60


async def is_late(entry: InboxEntry, inbox: Inbox, now: datetime) -> bool:
    """Too old to be carried out unasked; what was begun before is finished whatever its age."""
    too_old = now - _asked_at(entry.message) > LATE_AFTER
    return too_old and not await inbox.has_intents(entry.entry_id)


def offer_again(message: IncomingMessage, command: Command, texts: Texts, now: datetime) -> Reply:
    """Say that nothing was done, with a button that does it now."""
    typed = Typed.of(message)
    if command.card:
        # The message that it answers, or under which it stands, says which event is meant.
        command = replace(command, args=())
        under = typed.reply_to if message.press is None else message.press.card_id
        typed = replace(typed, reply_to=under)
    again = Button(
        label=str(texts.say(M.LATE_YES, command=command.line[:_LABEL_LIMIT])),
        command_line=command.line,
        typed=typed,
        about=command.about,
        takes_back=command.takes_back,
    )
    age = (now - _asked_at(message)).total_seconds()
    draft = Draft(texts).add(M.LATE_OFFER, age=texts.ago(age))
    return draft.reply([[again]], replaces_card=False)


def _asked_at(message: IncomingMessage) -> datetime:
    """When somebody asked for it; of a press nobody knows better than that it was no later."""
    press = message.press
    return message.sent_at if press is None else press.made_before or message.sent_at
