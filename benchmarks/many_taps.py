"""Ten people who press the buttons of one card 200 times in ten seconds.

Real is the whole bot, on its default limits, with its database and its sockets; the portal and
Telegram are the sandbox's and refuse whatever exceeds their limits. `python -m
benchmarks.many_taps` lives through it in virtual time and prints the figures, then once more with a
portal that has no limit, where people take longer to press; with `real` it takes its six minutes.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from benchmarks import loopback
from benchmarks.measures import quantile
from benchmarks.taps_town import (
    GROUP,
    HOST,
    MINUTE,
    Effect,
    Town,
    open_town,
    shown_on,
)
from bot.sandbox.company import PEOPLE
from bot.sandbox.telegram import Message

T = TypeVar("T")

EACH = 20
"""How often each of them presses."""
LETTERS = {"Accept": "Y", "Decline": "N"}
_PATIENCE = 900.0
_AFTERWARDS = 15.0
"""Seconds in which nothing more may happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which taps, and where.

    Attributes:
        seconds: In which all of them tap.
        portal_limit: The portal has its limit, and the bot its default for that.
    """

    seconds: float = 10.0
    portal_limit: bool = True
    seed: int = 1


AS_ASKED = Plan()
NO_PORTAL_LIMIT = Plan(seconds=120.0, portal_limit=False)
"""Only Telegram's limits hold the card back, for longer than their minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A press of a button; when, and seconds until it was answered, None if it never was."""

    user_id: int
    label: str
    at: float
    answered_after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was seen from the outside; moments are seconds since the first tap.

    Attributes:
        statuses: Which letter the portal holds of whom at the end, by their names.
        card: What the card says then.
        private: What was written to people in private.
        over_buttons: What passed or popped up over buttons.
        exit_code: The bot's.

    The others are those of `Watch`.
    """

    taps: Sequence[Tap]
    effects: Sequence[Effect]
    statuses: Mapping[str, str | None]
    card: str
    edits: Sequence[float]
    in_group: Sequence[float]
    private: Sequence[str]
    over_buttons: Sequence[str]
    hits: Mapping[int, int]
    refused_by_portal: int
    refused_by_telegram: int
    failed: Sequence[str]
    exit_code: int

    @property
    def wanted(self) -> Mapping[int, Sequence[str]]:
        """What each person's taps ask for, in their order."""
        return _by_person((tap.user_id, LETTERS[tap.label]) for tap in self.taps)

    @property
    def stored(self) -> Mapping[int, Sequence[str]]:
        """What the portal stored of each person, likewise."""
        return _by_person((effect.user_id, effect.letter) for effect in self.effects)

    @property
    def delays(self) -> Sequence[float]:
        """Seconds from each tap to its effect, the shortest first; none if they do not match."""
        if self.stored != self.wanted:
            return []
        tapped = _by_person((tap.user_id, tap.at) for tap in self.taps)
        stored = _by_person((effect.user_id, effect.at) for effect in self.effects)
        return sorted(
            at - before
            for user_id, moments in tapped.items()
            for before, at in zip(moments, stored[user_id], strict=True)
        )

    @property
    def waits(self) -> Sequence[float]:
        """Seconds until each press that was answered was, the shortest first."""
        return sorted(tap.answered_after for tap in self.taps if tap.answered_after is not None)

    @property
    def gaps(self) -> Sequence[float]:
        """Seconds from each change of the card to the next, the shortest first."""
        return sorted(later - earlier for earlier, later in pairwise(self.edits))

    @property
    def fullest_minute(self) -> int:
        """The most that the group was sent within any 60 seconds."""
        return max(
            sum(at <= other < at + MINUTE for other in self.in_group) for at in self.in_group
        )


def simulate(folder: Path, plan: Plan = AS_ASKED) -> Figures:
    """Live through it in virtual time. Not within a running event loop of the same thread."""
    return loopback.run(live(folder, plan))


async def live(folder: Path, plan: Plan = AS_ASKED) -> Figures:
    """Live through it in the time of the running loop; the bot's database is in that folder."""
    distances = random.Random(plan.seed)
    async with open_town(folder, distances, portal_limit=plan.portal_limit) as town:
        card = await town.post_card()
        begun = town.clock.monotonic()
        pressed = await _tap(town, card, plan)
        # What is missing then, is seen in the figures.
        with suppress(TimeoutError):
            await town.tg.wait_for(lambda: _settled(town, card), timeout=_PATIENCE)
        await town.clock.sleep(_AFTERWARDS)
        exit_code = await town.stop()
        return _measure(town, card, pressed, begun, exit_code)


async def _tap(town: Town, card: Message, plan: Plan) -> Mapping[str, Tap]:
    """Press, everybody Accept and Decline in turn, so that each tap is a change; by their ids."""
    dice = random.Random(plan.seed)
    people = [who.user_id for who in PEOPLE] * EACH
    dice.shuffle(people)
    labels = {who.user_id: dice.choice(sorted(LETTERS)) for who in PEOPLE}
    moments = sorted(dice.uniform(0, plan.seconds) for _ in people)
    begun = town.clock.monotonic()
    pressed = {}
    for user_id, moment in zip(people, moments, strict=True):
        await town.clock.sleep(begun + moment - moments[0] - town.clock.monotonic())
        label, at = labels[user_id], town.clock.monotonic()
        query_id = town.tg.press(town.users[user_id], GROUP, card.message_id, label)
        pressed[query_id] = Tap(user_id=user_id, label=label, at=at, answered_after=None)
        [labels[user_id]] = LETTERS.keys() - {label}
    return pressed


def _settled(town: Town, card: Message) -> bool:
    done = len(town.watch.effects) >= EACH * len(PEOPLE)
    return done and shown_on(card.plain) == town.statuses()


def _measure(
    town: Town, card: Message, pressed: Mapping[str, Tap], begun: float, exit_code: int
) -> Figures:
    watch, tg = town.watch, town.tg
    taps = []
    for query_id, tap in pressed.items():
        answered = watch.answered.get(query_id)
        after = None if answered is None else answered - tap.at
        taps.append(replace(tap, at=tap.at - begun, answered_after=after))
    return Figures(
        taps=taps,
        effects=[replace(effect, at=effect.at - begun) for effect in watch.effects],
        statuses=town.statuses(),
        card=card.plain,
        edits=[at - begun for at in watch.edits],
        in_group=[at - begun for at in watch.in_group],
        private=[message.plain for user_id in town.users for message in tg.messages(user_id)],
        over_buttons=[answer.text for answer in tg.callback_answers.values()],
        hits=dict(watch.hits),
        refused_by_portal=watch.refused_by_portal,
        refused_by_telegram=watch.refused_by_telegram,
        failed=list(watch.failed),
        exit_code=exit_code,
    )


def _by_person(pairs: Iterable[tuple[int, T]]) -> Mapping[int, Sequence[T]]:
    found: dict[int, list[T]] = defaultdict(list)
    for user_id, one in pairs:
        found[user_id].append(one)
    return dict(found)


def report(figures: Figures) -> str:
    """The figures as a table."""
    return "\n".join(f"{name:<17}{text}" for name, text in _lines(figures))


def _lines(figures: Figures) -> Iterator[tuple[str, str]]:
    matching = "one for each tap, in order" if figures.stored == figures.wanted else "NOT THE TAPS"
    of_card, hits = figures.hits.get(HOST.user_id, 0), sum(figures.hits.values())
    last = max((effect.at for effect in figures.effects), default=0.0)
    shown = max(figures.edits, default=0.0)
    gaps = figures.gaps or [0.0]
    seconds = max((tap.at for tap in figures.taps), default=0.0)
    yield "taps", f"{len(figures.taps)} of {len(figures.wanted)} people in {seconds:.1f} s"
    yield "presses answered", f"{len(figures.waits)}, after {_spread(figures.waits)}"
    yield "effects", f"{len(figures.effects)}, {matching}, after {_spread(figures.delays)}"
    yield "last effect", f"{last:.1f} s after the first tap; last edit after {shown:.1f} s"
    yield "portal", f"{hits} hits, {of_card} for the card; refused {figures.refused_by_portal}"
    yield "card", f"{len(figures.edits)} edits, {gaps[0]:.2f} to {gaps[-1]:.2f} s apart"
    yield "group", f"{figures.fullest_minute} messages and edits in its fullest minute"
    failed, private = len(figures.failed), len(figures.private)
    yield "Telegram", f"refused {figures.refused_by_telegram}, failed {failed}"
    yield "private chats", f"{private} messages"


def _spread(seconds: Sequence[float]) -> str:
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    return f"{p50:.2f} s (p50), {p95:.2f} s (p95), {max(seconds, default=0.0):.2f} s (max)"


def main() -> None:
    """Print the figures."""
    for title, plan in (("The portal's limit on", AS_ASKED), ("Without it", NO_PORTAL_LIMIT)):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            if sys.argv[1:] == ["real"]:
                figures = asyncio.run(live(Path(folder), plan))
            else:
                figures = simulate(Path(folder), plan)
        print(f"{title}:\n{report(figures)}")
        print(f"in {time.monotonic() - begun:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
