"""What has to be written to a portal so that it shows what the claims say; pure.

Nothing is written but where the deciding presence changes, so nothing flaps and nothing is asserted
twice. What the portal shows is compared before anything is written over it: a change that was made
elsewhere stands.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.claims import REMIND_AFTER, Claim, Source
from bot.domain.ledger import Former, Ledger, News, NewsKind
from bot.domain.presence import Presence

GIVE_UP_AFTER = timedelta(hours=1)
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=5)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
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
    if any(_to_be_reminded_of(one, now) for one in ledger.claims):
        # A reminder of what is not on any more would be untrue.
        return True
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
    after = replace(ledger.tidied(now), shown=claim.presence)
    if held is claim.presence:
        return _quiet(Kind.SET, after)
    # What is over stays in it until this is done, so that it can be told then.
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


def remembered(
    ledger: Ledger,
    held: Presence | None,
    transition: Transition,
    now: datetime,
    *,
    claim_id: str,
) -> Former | None:
    """How it was before a step that somebody asked for; what was remembered if it changes nothing.

    Args:
        ledger: As it was.
        held: What the portal showed.
        transition: The step.
        now: Its moment.
        claim_id: The claim that it makes, if it makes one.
    """
    before = seen(ledger, held, now)[0].tidied(now)
    if transition.write is None and _meaning(transition.after, now) == _meaning(before, now):
        # The same once more: what made it so is only called otherwise now.
        last = ledger.last
        return last and replace(last, claim_id=claim_id or last.claim_id)
    claim = transition.after.claim(claim_id)
    shows = transition.write is not None or (claim is not None and claim.live(now))
    return Former(
        at=now,
        made=(transition.write or held) if shows else None,
        claim_id=claim_id,
        held=held,
        ours=before.shown is not None,
        claims=before.claims,
        exempt=before.exempt,
        former=before.former,
    )


def _meaning(ledger: Ledger, now: datetime) -> frozenset[object]:
    """What claims come to, whoever made them and when."""
    return frozenset(
        (claim.source, claim.presence, max(now, claim.starts_at), claim.ends_at)
        for claim in ledger.claims
    )


def taken_back(ledger: Ledger, held: Presence | None, now: datetime) -> Transition | None:
    """How it was before the last thing somebody asked for; None if something happened since."""
    last = ledger.last
    ledger, foreign = seen(ledger, held, now)
    if last is None or foreign or (last.made is not None and held is not last.made):
        return None
    made = ledger.claim(last.claim_id)
    if last.claim_id and (made is None or made.over(now)):
        return None
    back = replace(ledger, claims=last.claims, exempt=last.exempt, last=None).tidied(now)
    if last.made is None:
        return step(back, held, now)
    if back.deciding(now) is None and not last.ours:
        # Nothing of ours was on: what was held then was the person's own.
        return own(back, held, last.held or Presence.ONLINE, now)
    if ledger.shown is None and last.ours:
        back = replace(back, shown=held)
    return step(replace(back, former=last.former if last.ours else back.former), held, now)


def by_hand(ledger: Ledger, held: Presence | None, claim: Claim, now: datetime) -> Transition:
    """Claim by hand, whatever somebody has changed elsewhere before."""
    return step(seen(ledger, held, now)[0].with_hand(claim, now), held, now)


def failed(ledger: Ledger, now: datetime) -> Ledger:
    """What was due could not be done; after an hour nobody tries any more, and that is told."""
    live, over = ledger.deciding(now), ledger.over(now)
    turned_at = live.starts_at if live is not None else None if over is None else over.ends_at
    # What has become due since then has an hour of its own.
    since = min(now, max(ledger.failing_since or now, turned_at or _LONG_AGO))
    if now - since < GIVE_UP_AFTER:
        return replace(ledger, failing_since=since, attempts=ledger.attempts + 1)
    news = ledger.news
    if live is None and ledger.shown is not None:
        source = Source.HAND if over is None else over.source
        news = (*news, _news(NewsKind.STUCK, ledger.shown, source, ledger.shown, now))
    elif live is not None and live.source is Source.HAND:
        news = (*news, _news(NewsKind.NEVER_SET, live.presence, live.source, None, now))
    left = replace(ledger.ending_live(now).tidied(now), news=news)
    return replace(settled(left), shown=None, former=None, writing=None)


def _news(
    kind: NewsKind, presence: Presence, source: Source, held: Presence | None, now: datetime
) -> News:
    return News(kind=kind, presence=presence, source=source, held=held, at=now)


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
    news = _news(kind, ended.presence, ended.source, back, now)
    return replace(after, news=(*after.news, news))


def reminded(ledger: Ledger, now: datetime) -> Ledger:
    """With a reminder of what was set until changed a day ago, once."""
    claims, news = [], list(ledger.news)
    for claim in ledger.claims:
        due = _to_be_reminded_of(claim, now)
        if due:
            held = claim.presence
            news.append(_news(NewsKind.STILL_ON, held, claim.source, held, now))
        claims.append(replace(claim, reminded=True) if due else claim)
    return replace(ledger, claims=tuple(claims), news=tuple(news))


def _to_be_reminded_of(claim: Claim, now: datetime) -> bool:
    return claim.open_ended and not claim.reminded and claim.starts_at + REMIND_AFTER <= now


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
