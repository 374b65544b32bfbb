"""What has to be written to a portal so that it shows what the claims say; pure.

Nothing is written but where the deciding presence changes, so nothing flaps and nothing is asserted
twice. What the portal shows is compared before anything is written over it: a change that was made
elsewhere stands.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.claims import REMIND_AFTER, Claim, Ledger, News, NewsKind, Source
from bot.domain.presence import Presence

GIVE_UP_AFTER = timedelta(hours=1)
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=5)
_TELL_AGAIN = timedelta(minutes=1)


class Kind(StrEnum):
    """What happens."""

    NOTHING = "nothing"
    SET = "set"
    """What a claim wants is put on, or is on already."""
    RESTORED = "restored"
    """What was there before any claim comes back."""
    LEFT_ALONE = "left_alone"
    """It was changed elsewhere, and that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step.

    Attributes:
        kind: What it is.
        write: What to write; None if there is nothing to write.
        before: The ledger to be stored before that is written.
        after: The ledger once it is written and seen.
    """

    kind: Kind
    write: Presence | None
    before: Ledger
    after: Ledger


def needs_a_look(ledger: Ledger, now: datetime) -> bool:
    """Whether there may be something to write; without it, nobody has to ask the portal."""
    claim = ledger.deciding(now)
    return ledger.writing is not None or ledger.shown is not (claim and claim.presence)


def seen(ledger: Ledger, held: Presence | None, now: datetime) -> tuple[Ledger, bool]:
    """The ledger in the light of what the portal shows, and whether somebody else has changed it.

    What was about to be written was written, or not. If somebody else has changed it, what is on
    ends: their own presence is what they had before any claim from now on.
    """
    arrived = ledger.writing is not None and held is ledger.writing
    ledger = replace(ledger, shown=held if arrived else ledger.shown, writing=None)
    if ledger.shown is None or held is ledger.shown:
        return ledger, False
    return replace(ledger.ending_live(now), shown=None, former=None), True


def step(ledger: Ledger, held: Presence | None, now: datetime) -> Transition:
    """What to do now, with the portal showing `held` (None: it has never stored anything)."""
    ledger, foreign = seen(ledger, held, now)
    claim = ledger.deciding(now)
    if foreign:
        return _quiet(Kind.LEFT_ALONE, ledger.tidied(now))
    if claim is None and ledger.shown is None:
        return _quiet(Kind.NOTHING, replace(ledger.tidied(now), former=None))
    if claim is None:
        return _restore(ledger, held, now)
    if ledger.shown is claim.presence:
        return _quiet(Kind.NOTHING, ledger.tidied(now))
    if ledger.shown is None:
        ledger = replace(ledger, former=held)
    ledger = ledger.tidied(now)
    after = replace(ledger, shown=claim.presence)
    if held is claim.presence:
        return _quiet(Kind.SET, after)
    before = replace(ledger, writing=claim.presence)
    return Transition(kind=Kind.SET, write=claim.presence, before=before, after=after)


def own(ledger: Ledger, held: Presence | None, wanted: Presence, now: datetime) -> Transition:
    """Somebody's own presence from now on: all that is on ends, and what they had is this."""
    ledger = seen(ledger, held, now)[0].ending_live(now).tidied(now)
    after = replace(ledger, shown=None, former=None)
    if held is wanted:
        return _quiet(Kind.RESTORED, after)
    before = replace(ledger, former=wanted, shown=held, writing=wanted)
    return Transition(kind=Kind.RESTORED, write=wanted, before=before, after=after)


def by_hand(ledger: Ledger, held: Presence | None, claim: Claim, now: datetime) -> Transition:
    """Claim by hand, whatever somebody has changed elsewhere before."""
    return step(seen(ledger, held, now)[0].with_hand(claim, now), held, now)


def failed(ledger: Ledger, now: datetime) -> Ledger:
    """What was due could not be done; after an hour nobody tries any more, and that is told."""
    since = ledger.failing_since or now
    if now - since < GIVE_UP_AFTER:
        return replace(ledger, failing_since=since, attempts=ledger.attempts + 1)
    ended, live = ledger.over(now), ledger.deciding(now)
    news = ledger.news
    if ledger.shown is not None and ended is not None:
        stuck = News(kind=NewsKind.STUCK, claim=ended, held=ledger.shown, at=now)
        news = (*news, stuck)
    elif live is not None and live.source is Source.HAND:
        news = (*news, News(kind=NewsKind.NEVER_SET, claim=live, held=None, at=now))
    left = replace(ledger.ending_live(now).tidied(now), news=news)
    return replace(settled(left), shown=None, former=None, writing=None)


def settled(ledger: Ledger) -> Ledger:
    """What was due is done."""
    return replace(ledger, failing_since=None, attempts=0)


def with_news(
    transition: Transition, ledger: Ledger, held: Presence | None, now: datetime
) -> Ledger:
    """The ledger after a step that nobody asked for, with what there is to tell of it.

    Args:
        transition: The step.
        ledger: What it was made from.
        held: What the portal showed before it.
        now: The moment of the step.
    """
    after, ended = settled(transition.after), ledger.over(now)
    back = transition.write or held
    if ended is None or transition.kind is Kind.NOTHING or back is ended.presence:
        return after
    left = transition.kind is Kind.LEFT_ALONE
    kind = NewsKind.LEFT_ALONE if left else NewsKind.ENDED
    news = News(kind=kind, claim=ended, held=back, at=now)
    return replace(after, news=(*after.news, news))


def reminded(ledger: Ledger, now: datetime) -> Ledger:
    """With a reminder of what was set until changed a day ago, once."""
    claims, news = [], list(ledger.news)
    for claim in ledger.claims:
        due = claim.open_ended and not claim.reminded and claim.starts_at + REMIND_AFTER <= now
        if due:
            kind, held = NewsKind.STILL_ON, claim.presence
            news.append(News(kind=kind, claim=claim, held=held, at=now))
        claims.append(replace(claim, reminded=True) if due else claim)
    return replace(ledger, claims=tuple(claims), news=tuple(news))


def due_of(ledger: Ledger, now: datetime) -> datetime | None:
    """When somebody has to look at it next."""
    edge = ledger.due_after(now)
    if ledger.news:
        again = now + _TELL_AGAIN
    elif ledger.failing_since is not None:
        again = now + min(_FIRST_PAUSE * 2 ** min(ledger.attempts - 1, 10), _LONGEST_PAUSE)
    elif ledger.writing is not None:
        # A write that broke off may be under way until then.
        again = now + _FIRST_PAUSE
    elif needs_a_look(ledger, now):
        again = now
    else:
        return edge
    return again if edge is None else min(edge, again)


def restored_to(ledger: Ledger) -> Presence:
    """What comes back when the last claim ends; a portal that never stored any shows online."""
    return ledger.former or Presence.ONLINE


def _restore(ledger: Ledger, held: Presence | None, now: datetime) -> Transition:
    back = restored_to(ledger)
    after = replace(ledger.tidied(now), shown=None, former=None)
    if held is back:
        return _quiet(Kind.RESTORED, after)
    # What is over stays in it until this is done, so that it can be told then.
    before = replace(ledger, writing=back)
    return Transition(kind=Kind.RESTORED, write=back, before=before, after=after)


def _quiet(kind: Kind, ledger: Ledger) -> Transition:
    return Transition(kind=kind, write=None, before=ledger, after=ledger)
