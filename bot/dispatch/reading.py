"""From a message to the command that it means: typed, pressed, or said in plain words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.commands import Command, Phrase, Router, parse, read_phrase, read_presence
from bot.dispatch.gate import refuse
from bot.dispatch.talk import without_mention
from bot.domain.chat import Button, IncomingMessage, Platform, Press, Reply, Typed
from bot.domain.inbox import InboxEntry, Said
from bot.domain.participation import Answer, ParticipationStatus
from bot.ports import ChatPlatform, Clock, KeptCard, Store
from bot.services.group_cards import GroupCards
from bot.services.memory import Memory
from bot.services.resolver import ROW
from bot.texts import Draft, M, Texts, on_one_line

_COMMANDS: Mapping[Answer, str] = {
    ParticipationStatus.ACCEPTED: "accept",
    ParticipationStatus.TENTATIVE: "maybe",
    ParticipationStatus.DECLINED: "decline",
}
_UNDO = "undo"
_LABEL_LIMIT = 60
_SPOKEN_ARGS = 2


class Reader:
    """Reads messages. What it does not understand it changes nothing for.

    In groups only commands, answers to a message of the bot and what begins with its name are
    read; to everything else it is silent.
    """

    def __init__(
        self,
        *,
        store: Store,
        platforms: Mapping[Platform, ChatPlatform],
        router: Router,
        memory: Memory,
        cards: GroupCards,
        clock: Clock,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._router = router
        self._memory = memory
        self._cards = cards
        self._clock = clock

    async def read(self, entry: InboxEntry, texts: Texts) -> Command | Sequence[Reply]:
        """The command that a message means, or what to say instead."""
        message = entry.message
        if (unread := _unread(entry, texts)) is not None:
            return [unread]
        if message.press is not None:
            return await self._pressed(entry, message.press, texts)
        own_name = self._platforms[message.sender.platform].own_name
        command = parse(message.text, own_name)
        if command is not None:
            return command
        text, addressed = without_mention(message.text, own_name)
        if addressed and (command := parse(text, own_name)) is not None:
            return replace(command, addressed=True)
        kept = await self._cards.answered_by(message)
        if kept is not None:
            return await self._answer_to_card(entry, text, kept, texts)
        return await self._said_plainly(entry, text, texts, addressed=addressed)

    async def _said_plainly(
        self, entry: InboxEntry, text: str, texts: Texts, *, addressed: bool
    ) -> Command | Sequence[Reply]:
        said = await self._last_said(entry.message)
        if entry.message.conversation.is_group and said is None and not addressed:
            return ()
        return await self._plain_words(entry, text, said, texts)

    async def _last_said(self, message: IncomingMessage) -> Said | None:
        """What a bare word would answer."""
        if message.reply_to is not None:
            return await self._memory.replied_to(message)
        if message.conversation.is_group:
            return None
        return await self._memory.last_message(message)

    async def _answer_to_card(
        self, entry: InboxEntry, text: str, kept: KeptCard, texts: Texts
    ) -> Command | Sequence[Reply]:
        """A bare "yes" to a group's card presses its button; talk about it means nothing to us."""
        phrase = read_phrase(text)
        if phrase is None or phrase.args:
            return ()
        delivery, name = kept.delivery, _COMMANDS[phrase.answer]
        for key, button in zip(delivery.keys, delivery.reply.pressable, strict=True):
            if _does(button, name):
                press = Press(key=key, card_id=kept.message_id or "")
                return await self._pressed(entry, press, texts)
        return ()

    async def _plain_words(
        self, entry: InboxEntry, text: str, said: Said | None, texts: Texts
    ) -> Command | Sequence[Reply]:
        phrase = read_phrase(text)
        if phrase is None:
            return await self._no_phrase(entry.message, text, said, texts)
        if phrase.args:
            return Command(name=_COMMANDS[phrase.answer], args=phrase.args, addressed=True)
        key = None if said is None else _key_of(said, phrase)
        if said is not None and key is not None:
            return await self._pressed(entry, Press(key=key, card_id=said.message_id), texts)
        return Command(name="invites", addressed=True, preface=M.WHICH_WORD)

    async def _no_phrase(
        self, message: IncomingMessage, text: str, said: Said | None, texts: Texts
    ) -> Command | Sequence[Reply]:
        if message.conversation.is_group:
            return ()
        if ROW.fullmatch(text.strip()) and await self._memory.rows(message):
            return Command(name="status", args=(text.strip(),), addressed=True)
        if (command := _about_presence(message, text, texts)) is not None:
            return command
        if (command := self._spoken(text)) is not None:
            return command
        if said is not None and _asks_for_zone(said):
            return Command(name="tz", args=tuple(text.split()), addressed=True)
        return [Draft(texts).add(M.UNKNOWN_TEXT).reply()]

    def _spoken(self, text: str) -> Command | None:
        """A command that was written without its slash: "agenda tomorrow", "undo".

        None that changes something else than what was changed last.
        """
        command = parse(f"/{text}", "")
        spec = None if command is None else self._router.find(command.name)
        if command is None or spec is None or (spec.changes and spec.name != _UNDO):
            return None
        most = 0 if spec.changes or spec.private else _SPOKEN_ARGS
        return command if len(command.args) <= most else None

    async def _pressed(
        self, entry: InboxEntry, press: Press, texts: Texts
    ) -> Command | Sequence[Reply]:
        """The command line behind a button. The key is forgeable, so the row decides."""
        stored = await self._store.find_button(press.key)
        command = None if stored is None else parse(stored.button.command_line, "")
        if stored is None or command is None:
            return [Draft(texts).add(M.BUTTON_UNKNOWN).reply(replaces_card=False)]
        button = stored.button
        if button.personal and stored.owner != entry.message.sender:
            return [Draft(texts).add(M.BUTTON_NOT_YOURS).reply(replaces_card=False)]
        over = stored.expires_at <= self._clock.now()
        # What was begun before a restart is finished, however long the restart took.
        if over and not await self._store.has_intents(entry.entry_id):
            return _too_late(button, command, texts)
        if stored.answered:
            return [Draft(texts).add(M.CONFIRM_ANSWERED).reply(replaces_card=False)]
        if stored.question:
            await self._store.answer_question(stored)
        left_it = stored.question and not button.confirms
        return replace(
            command,
            preface=M.CONFIRM_KEPT if left_it else None,
            confirmed=button.confirms,
            addressed=True,
            pressed=button.typed is None,
            about=button.about,
            takes_back=button.takes_back,
            typed=button.typed,
            opens=button.opens or bool(button.card),
            card=button.card,
        )

    def unknown(self, message: IncomingMessage, command: Command, texts: Texts) -> Sequence[Reply]:
        """What to say to a command that does not exist: the nearest one, or where all are."""
        if message.conversation.is_group and not command.addressed:
            return ()
        # As it was typed: Latin letters for Cyrillic ones would look odd to whoever reads them.
        [word, *_] = message.text.split() or [command.name]
        word = on_one_line(word.lstrip("/／"), _LABEL_LIMIT)
        suggestion = self._router.nearest(command.name)
        draft = Draft(texts)
        if suggestion is None:
            return [draft.add(M.UNKNOWN_COMMAND, command=word).reply()]
        draft.add(M.UNKNOWN_SUGGEST, command=word, suggestion=suggestion)
        rest = command.name.removeprefix(suggestion)
        if rest != command.name and rest[:1].isdigit():
            # `/dnd1h`: only a space is missing.
            command = replace(command, args=(rest, *command.args))
        line = replace(command, name=suggestion).line
        typed = Typed.of(message)
        return [draft.reply([[Button(label=line[:_LABEL_LIMIT], command_line=line, typed=typed)]])]


def _unread(entry: InboxEntry, texts: Texts) -> Reply | None:
    """What to say without looking at what the message means."""
    if entry.refusal is not None:
        return refuse(texts, entry.refusal)
    if entry.message.blanked and not entry.message.conversation.is_group:
        return Draft(texts).add(M.KEY_SEEN).reply()
    return None


def _about_presence(message: IncomingMessage, text: str, texts: Texts) -> Command | None:
    """«Не беспокоить до 15:00», "I'm back"."""
    phrase = read_presence(text, texts.today(message.sent_at))
    if phrase is None:
        return None
    return Command(name=phrase.presence.value, args=phrase.args, addressed=True)


def _too_late(button: Button, command: Command, texts: Texts) -> Command | Sequence[Reply]:
    """What comes of a button that no longer works: a card without it, or why it does nothing."""
    if button.minutes:
        return replace(command, name="status", pressed=True, preface=M.UNDO_EXPIRED)
    gone = M.CONFIRM_EXPIRED if button.confirms else M.BUTTON_UNKNOWN
    return [Draft(texts).add(gone).reply()]


def _asks_for_zone(said: Said) -> bool:
    """Whether a message of ours offers time zones, so that the name of a place answers it."""
    lines = [button.command_line for button in said.delivery.reply.pressable]
    return any(re.match(r"/(?:tz|settings tz|start) \w+/\w", line) for line in lines)


def _key_of(said: Said, phrase: Phrase) -> str | None:
    """The button that a bare answer presses: that of the card, or the yes or no of a question."""
    delivery = said.delivery
    buttons = dict(zip(delivery.keys, delivery.reply.pressable, strict=True))
    asking = [key for key, button in buttons.items() if button.confirms]
    if not asking and len(buttons) > 1:
        name = _COMMANDS[phrase.answer]
        about = delivery.reply.about is not None
        return next((key for key in buttons if about and _does(buttons[key], name)), None)
    # "I'll be there" is no yes to "shall I decline it?".
    if not phrase.plain or phrase.answer is ParticipationStatus.TENTATIVE:
        return None
    if phrase.answer is ParticipationStatus.DECLINED:
        return next((key for key in buttons if asking and key not in asking), None)
    # To forget an account, or everything that is kept, only a button says yes; and a single
    # button asks "do you mean this one?".
    sole = asking or list(buttons)
    return sole[0] if len(sole) == 1 and buttons[sole[0]].about else None


def _does(button: Button, command: str) -> bool:
    return button.command_line.startswith(f"/{command} ")
