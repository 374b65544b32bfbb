"""From what somebody wrote after a command to the time that a presence is to last."""

from datetime import datetime

from bot.commands import Context, before_name, read_names, read_span
from bot.domain.chat import Button, Reply
from bot.domain.listing import ends, starts
from bot.domain.participation import Event, EventRef
from bot.domain.spans import (
    LONGEST,
    AlreadyOver,
    ByClock,
    DuringEvent,
    Span,
    TooLong,
    UntilEvent,
    UntilEventEnds,
    UntilMeetingEnds,
    resolve,
)
from bot.errors import EventNotFoundError, UsageError
from bot.services.event_names import HANDLE_LETTERS
from bot.services.presences import UNTIL_CHANGED, Lasting
from bot.services.resolver import Named, Unnamed, WhichOne
from bot.texts import M, choices, on_one_line

_ECHO_LIMIT = 40
_DIGITS = 3
_MOST_HOURS = 24


async def how_long(ctx: Context) -> Lasting | Reply:
    """From when until when, or a question about which event is meant.

    Times count from when the command was written.

    Raises:
        UsageError: Nobody can say how long that is, or it is over; nothing was changed.
        ProviderError, TransportError: The event could not be looked at.
    """
    if not ctx.command.args:
        return UNTIL_CHANGED
    today = ctx.texts.today(ctx.message.sent_at)
    span = read_span(ctx.command.args, today)
    if span is None and len(ctx.command.args) == 1 and ctx.command.args[0].isdecimal():
        return _of_what(ctx, ctx.command.args[0])
    if span is None:
        raise UsageError(M.USAGE_SPAN, words=_words(ctx), command=ctx.command.name)
    try:
        return await _lasting(ctx, span)
    except AlreadyOver:
        pass
    except TooLong:
        raise UsageError(M.SPAN_TOO_LONG, days=LONGEST.days, command=ctx.command.name) from None
    raise UsageError(M.SPAN_OVER, words=_words(ctx))


def _of_what(ctx: Context, number: str) -> Reply:
    """A bare number may be minutes, hours, or the number of an event."""
    count = int(number) if len(number) <= _DIGITS else 0
    choices_of = [(M.BUTTON_MINUTES, f"{count}m")]
    if count <= _MOST_HOURS:
        choices_of.append((M.BUTTON_HOURS, f"{count}h"))
    buttons = [
        Button(
            label=str(ctx.texts.say(label, count=count)),
            command_line=f"/{ctx.command.name} {length}",
        )
        for label, length in choices_of
        if count
    ]
    draft = ctx.draft().add(M.SPAN_NUMBER, number=on_one_line(number, _ECHO_LIMIT))
    return draft.reply([buttons] if buttons else [])


async def _lasting(ctx: Context, span: Span) -> Lasting | Reply:
    match span:
        case UntilMeetingEnds():
            return await _while_meeting(ctx)
        case UntilEvent() | UntilEventEnds() | DuringEvent():
            event = await _event(ctx, span)
            return event if isinstance(event, Reply) else _around(ctx, span, event)
        case _:
            return Lasting(ends_at=_checked(ctx, await _by_clock(ctx, span)))


async def _by_clock(ctx: Context, span: ByClock) -> datetime:
    hours = (await ctx.services.automations.choices_of(ctx.caller)).hours
    said_at, zone = ctx.message.sent_at, ctx.texts.timezone
    return resolve(span, said_at=said_at, zone=zone, hours=hours)


async def _while_meeting(ctx: Context) -> Lasting | Reply:
    zone, said_at = ctx.texts.timezone, ctx.message.sent_at
    listing = await ctx.services.agenda.on_at(ctx.caller, zone, said_at)
    if listing.entries:
        last = max(
            (entry.event for entry in listing.entries),
            key=lambda event: ends(event, ctx.texts.timezone),
        )
        return Lasting(ends_at=_checked(ctx, ends(last, ctx.texts.timezone)), event=last)
    if listing.failures:
        missing = ctx.texts.provider(listing.failures[0].account.provider)
        name = ctx.command.name
        raise UsageError(M.SPAN_NO_MEETING_PARTIAL, missing=missing, command=name)
    draft = ctx.draft().add(M.SPAN_NO_MEETING, command=ctx.command.name)
    # The message with the button goes on to say what is set.
    return draft.reply(replaces_card=False)


def _around(ctx: Context, span: UntilEvent | UntilEventEnds | DuringEvent, event: Event) -> Lasting:
    """Until it begins, or ends if it has begun; until it ends; or while it is on."""
    zone, now = ctx.texts.timezone, ctx.services.clock.now()
    begins, over = starts(event, zone), ends(event, zone)
    if isinstance(span, UntilEvent) and begins > now:
        return Lasting(ends_at=_checked(ctx, begins), event=event)
    later = isinstance(span, DuringEvent) and begins > now
    starts_at = begins if later else None
    return Lasting(starts_at=starts_at, ends_at=_checked(ctx, over), event=event)


async def _event(ctx: Context, span: UntilEvent | UntilEventEnds | DuringEvent) -> Event | Reply:
    """The event that is meant, or a question."""
    if ctx.command.about:
        return await _look(ctx, ctx.command.about[0].ref)
    parse_ref = ctx.services.answers.parse_ref
    names = read_names(span.words, parse_ref=parse_ref, letters=HANDLE_LETTERS)
    resolver = ctx.services.resolver
    try:
        meant = await resolver.resolve(ctx.caller, ctx.message, names, ctx.texts.timezone)
    except EventNotFoundError as error:
        if error.message != M.WHICH_NO_MATCH:
            raise
        meant = None
    match meant:
        case Named():
            if len(meant.refs) > 1:
                raise UsageError(M.SPAN_ONE_EVENT)
            return await _look(ctx, meant.refs[0])
        case WhichOne():
            draft = ctx.draft().add(meant.question, **meant.values)
            line = f"{ctx.command.name} {before_name(span)}"
            return choices(draft, meant.events, line, ctx.services.clock.now())
        case Unnamed() | None:
            # Most likely a moment that was mistyped.
            raise UsageError(M.USAGE_SPAN, words=_words(ctx), command=ctx.command.name)


async def _look(ctx: Context, ref: EventRef) -> Event:
    return await ctx.services.answers.look(ctx.caller, ref)


def _checked(ctx: Context, over: datetime) -> datetime:
    """An end that lies ahead, and not too far."""
    now = ctx.services.clock.now()
    if over <= now:
        raise AlreadyOver
    if over > now + LONGEST:
        raise TooLong
    return over


def _words(ctx: Context) -> str:
    return on_one_line(" ".join(ctx.command.args), _ECHO_LIMIT)
