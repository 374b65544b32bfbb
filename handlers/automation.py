"""/auto: presence that follows the calendar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.commands import Context, Router, read_hours
from bot.domain.automation import Choices
from bot.domain.chat import Button, Reply
from bot.domain.presence import Presence
from bot.errors import UsageError
from bot.texts import M, add_automation

router = Router()

_ON = frozenset({"on", "yes", "вкл", "включить", "да"})
_OFF = frozenset({"off", "no", "выкл", "выключить", "нет"})
_PRESENCES: Mapping[str, Presence] = {
    "dnd": Presence.DND,
    "away": Presence.AWAY,
    "отсутствую": Presence.AWAY,
}
_Switch = Callable[[Choices, bool], Choices]


def _maybe(choices: Choices, on: bool) -> Choices:  # noqa: FBT001
    return replace(choices, maybe=on)


def _all_day(choices: Choices, on: bool) -> Choices:  # noqa: FBT001
    return replace(choices, all_day=on)


def _only_hours(choices: Choices, on: bool) -> Choices:  # noqa: FBT001
    return replace(choices, only_hours=on)


def _evenings(choices: Choices, on: bool) -> Choices:  # noqa: FBT001
    return replace(choices, evenings=on)


_OPTIONS: Mapping[str, _Switch] = {
    "maybe": _maybe,
    "возможно": _maybe,
    "allday": _all_day,
    "весьдень": _all_day,
    "hours": _only_hours,
    "часы": _only_hours,
    "evenings": _evenings,
    "вечера": _evenings,
}
_HOURS = frozenset({"hours", "часы"})


@router.command(
    "auto",
    summary=M.HELP_AUTO,
    arguments="on",
    changes=True,
    private=True,
    aliases=("авто", "автостатус"),
)
async def auto(ctx: Context) -> Sequence[Reply]:
    """Show and change what is done about one's presence by itself, in one message."""
    if ctx.message.conversation.is_group:
        return [ctx.pointer(ctx.draft())]
    automations = ctx.services.automations
    choices = await automations.choices_of(ctx.caller)
    if ctx.command.args:
        wanted = _chosen(ctx.command.args, choices)
        if wanted is None:
            raise UsageError(M.AUTO_USAGE)
        await automations.choose(ctx.caller, wanted)
        choices = wanted
    draft = add_automation(ctx.draft(), choices)
    return [draft.reply(_buttons(ctx, choices))]


def _chosen(args: Sequence[str], choices: Choices) -> Choices | None:
    """The choices that somebody's words make; None for nonsense."""
    words = [word.casefold() for word in args]
    if words == ["не", "беспокоить"]:
        words = [Presence.DND.value]
    first, rest = words[0] if words else "", words[1:]
    if not rest and first in _ON | _OFF:
        return replace(choices, meetings=first in _ON)
    if not rest and first in _PRESENCES:
        return replace(choices, presence=_PRESENCES[first], meetings=True)
    if first in _OPTIONS and len(rest) == 1 and rest[0] in _ON | _OFF:
        return _OPTIONS[first](choices, rest[0] in _ON)
    if first in _HOURS:
        hours = read_hours(rest, choices.hours)
        return None if hours is None else replace(choices, hours=hours)
    return None


def _buttons(ctx: Context, choices: Choices) -> list[list[Button]]:
    def button(label: M, words: str) -> Button:
        return Button(label=str(ctx.texts.say(label)), command_line=f"/auto {words}")

    def switch(on: bool, labels: tuple[M, M], words: str) -> list[Button]:  # noqa: FBT001
        return [button(labels[on], f"{words} {'off' if on else 'on'}".strip())]

    rows = [switch(choices.meetings, (M.BUTTON_AUTO_ON, M.BUTTON_AUTO_OFF), "")]
    if choices.meetings:
        dnd = choices.presence is Presence.DND
        other = (M.BUTTON_AUTO_AWAY, "away") if dnd else (M.BUTTON_AUTO_DND, "dnd")
        rows += [
            [button(*other)],
            switch(choices.maybe, (M.BUTTON_MAYBE_ON, M.BUTTON_MAYBE_OFF), "maybe"),
            switch(choices.all_day, (M.BUTTON_ALL_DAY_ON, M.BUTTON_ALL_DAY_OFF), "allday"),
            switch(choices.only_hours, (M.BUTTON_ONLY_HOURS_ON, M.BUTTON_ONLY_HOURS_OFF), "hours"),
        ]
    evenings = (M.BUTTON_EVENINGS_ON, M.BUTTON_EVENINGS_OFF)
    rows.append(switch(choices.evenings, evenings, "evenings"))
    rows.append([Button(label=str(ctx.texts.say(M.SETTINGS_BACK)), command_line="/settings")])
    return rows
