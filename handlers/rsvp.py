"""/accept, /maybe, /decline and /status: answers to invitations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from markupsafe import Markup

from bot.commands import Context, Router, strip_copied
from bot.domain.chat import Button, Reply
from bot.domain.participation import (
    Answer,
    Confirmation,
    Event,
    EventRef,
    Obstacle,
    Participation,
    ParticipationStatus,
    Watch,
)
from bot.domain.providers import Provider
from bot.errors import TELLABLE, UsageError
from bot.services.answers import Outcome, Step
from bot.texts import HELD, Draft, M, add_answer, add_headline, shown

router = Router()

EVENTS_AT_ONCE = 10
_WORD_LIMIT = 40

_ALREADY: Mapping[ParticipationStatus, M] = {
    ParticipationStatus.ACCEPTED: M.ALREADY_ACCEPTED,
    ParticipationStatus.DECLINED: M.ALREADY_DECLINED,
    ParticipationStatus.TENTATIVE: M.ALREADY_TENTATIVE,
    ParticipationStatus.NEEDS_ACTION: M.ALREADY_NEEDS_ACTION,
}
_NO_STATUS: Mapping[Obstacle, M] = {
    Obstacle.ORGANIZER: M.HELD_ORGANIZER,
    Obstacle.NOT_INVITED: M.HELD_NOT_INVITED,
    Obstacle.NOT_A_MEETING: M.HELD_NOT_A_MEETING,
    Obstacle.CANCELLED: M.HELD_CANCELLED,
}


@router.command(
    "accept", summary=M.HELP_ACCEPT, arguments="651", changes=True, aliases=("принять", "приму")
)
async def accept(ctx: Context) -> Sequence[Reply]:
    """Accept invitations."""
    return await _answer_all(ctx, ParticipationStatus.ACCEPTED)


@router.command(
    "maybe",
    summary=M.HELP_MAYBE,
    arguments="651",
    changes=True,
    aliases=("возможно", "может", "наверное"),
)
async def maybe(ctx: Context) -> Sequence[Reply]:
    """Answer "maybe", as far as the calendar knows such a thing."""
    return await _answer_all(ctx, ParticipationStatus.TENTATIVE)


@router.command(
    "decline",
    summary=M.HELP_DECLINE,
    arguments="651",
    changes=True,
    aliases=("отклонить", "отказаться"),
)
async def decline(ctx: Context) -> Sequence[Reply]:
    """Decline invitations."""
    return await _answer_all(ctx, ParticipationStatus.DECLINED)


@router.command("status", summary=M.HELP_STATUS, arguments="651", aliases=("статус",))
async def status(ctx: Context) -> Sequence[Reply]:
    """Show events with the person's own answer."""
    replies = []
    for ref in _events(ctx):
        try:
            event = await ctx.services.answers.look(ctx.caller, ref)
        except TELLABLE as error:
            reply = ctx.explain(ctx.draft(), error, ref.provider).reply()
        else:
            reply = _shown(ctx, event).reply()
        replies.append(await _signed(ctx, reply, ref.provider))
    return replies


async def _answer_all(ctx: Context, wanted: Answer) -> Sequence[Reply]:
    """One reply for each event, so that each can carry its own buttons and be edited later."""
    replies = []
    for ref in _events(ctx):
        try:
            outcome = await ctx.services.answers.answer(ctx.caller, ref, wanted)
        except TELLABLE as error:
            reply = ctx.explain(ctx.draft(), error, ref.provider).reply()
        else:
            reply = _reply(ctx, outcome)
        replies.append(await _signed(ctx, reply, ref.provider))
    return replies


async def _signed(ctx: Context, reply: Reply, provider: Provider) -> Reply:
    """Whoever has several accounts at a provider is told which one it was."""
    accounts = [
        one for one in await ctx.services.linking.of(ctx.caller) if one.provider is provider
    ]
    if len(accounts) < 2:  # noqa: PLR2004 - several
        return reply
    line = ctx.texts.say(M.HELD_AS, **shown(ctx.texts, accounts[0]))
    return replace(reply, text=reply.text + Markup("\n") + line, said=(*reply.said, M.HELD_AS))


def _events(ctx: Context) -> Sequence[EventRef]:
    """The events that a command names, each once, in the order given.

    Raises:
        UsageError: It names none, too many, or something that is no event id.
    """
    words = dict.fromkeys(word for arg in ctx.command.args for word in arg.split(",") if word)
    if not words:
        raise UsageError(M.USAGE_EVENT, command=ctx.command.name)
    if len(words) > EVENTS_AT_ONCE:
        raise UsageError(M.USAGE_TOO_MANY_EVENTS, limit=EVENTS_AT_ONCE)
    refs = []
    for word in words:
        ref = ctx.services.answers.parse_ref(strip_copied(word))
        if ref is None:
            raise UsageError(
                M.USAGE_BAD_EVENT,
                word=word if len(word) <= _WORD_LIMIT else f"{word[:_WORD_LIMIT]}…",
                command=ctx.command.name,
            )
        refs.append(ref)
    return refs


def _reply(ctx: Context, outcome: Outcome) -> Reply:
    if outcome.step is Step.ASK_FIRST:
        return _question(ctx, outcome)
    participation = outcome.participation
    already = outcome.step is Step.ALREADY
    draft = _already(ctx, participation) if already else _written(ctx, outcome)
    pending = participation.confirmation is not Confirmation.CONFIRMED
    watch = Watch(
        event=participation.event,
        wanted=outcome.wanted,
        pending=pending,
        write_again=outcome.write_again,
        before=outcome.before,
    )
    return draft.reply(watch=watch)


def _question(ctx: Context, outcome: Outcome) -> Reply:
    event = outcome.participation.event
    declining = outcome.wanted is ParticipationStatus.DECLINED
    question = M.CONFIRM_DECLINE_DELETES if declining else M.CONFIRM_MAYBE
    draft = _headline(ctx, question, event).add(M.CONFIRM_UNCHANGED)
    yes = M.CONFIRM_DECLINE_YES if declining else M.CONFIRM_MAYBE_YES
    event_id = event.ref.event_id
    return draft.reply(
        [
            [
                Button(
                    label=str(ctx.texts.say(yes)),
                    command_line=f"/{ctx.command.name} {event_id}",
                    confirms=True,
                ),
                Button(label=str(ctx.texts.say(M.CONFIRM_NO)), command_line=f"/status {event_id}"),
            ]
        ]
    )


def _already(ctx: Context, participation: Participation) -> Draft:
    draft = _headline(ctx, _ALREADY[participation.status], participation.event)
    if not participation.exact:
        draft.add(M.ANSWER_MAYBE_KEPT)
    return draft.add(M.ANSWER_NOTHING_SENT)


def _written(ctx: Context, outcome: Outcome) -> Draft:
    participation = outcome.participation
    event = participation.event
    match participation.confirmation:
        case Confirmation.PENDING:
            return _headline(ctx, M.ANSWER_PENDING, event).add(M.ANSWER_WATCHING)
        case Confirmation.UNKNOWN:
            return _headline(ctx, M.ANSWER_UNKNOWN, event).add(M.ANSWER_WATCHING)
        case Confirmation.CONFIRMED:
            now = ctx.services.clock.now()
            draft = add_answer(ctx.draft(), event, participation.status, outcome.wanted, now)
            return _add_reach(draft, event, M.ANSWER_SERIES)


def _shown(ctx: Context, event: Event) -> Draft:
    held = _NO_STATUS.get(event.obstacle) if event.obstacle is not None else None
    if held is None:
        held = HELD[event.my_status or ParticipationStatus.UNKNOWN]
    draft = _headline(ctx, held, event)
    if event.organizer and event.obstacle in (None, Obstacle.NOT_INVITED):
        draft.add(M.EVENT_ORGANIZER, name=event.organizer)
    if event.my_status is ParticipationStatus.NEEDS_ACTION and not event.tentative_exact:
        draft.add(M.EVENT_INEXACT)
    return _add_reach(draft, event, M.EVENT_SERIES)


def _add_reach(draft: Draft, event: Event, of_series: M) -> Draft:
    """Say what an answer reaches: something past, or a whole series."""
    if event.over:
        return draft.add(M.EVENT_SERIES_OVER if event.recurring else M.EVENT_PAST)
    return draft.add(of_series) if event.recurring else draft


def _headline(ctx: Context, message: M, event: Event) -> Draft:
    return add_headline(ctx.draft(), message, event, ctx.services.clock.now())
