"""The table of faults survived, and what was not."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from benchmarks.chaos.answers import Answers
from benchmarks.chaos.befalls import KILLED, STOPPED
from benchmarks.chaos.history import Asked, History
from benchmarks.chaos.oracle import Violation

_COLUMNS = ("armed", "met", "in flight")
_MOST = 40


def report(history: History, violations: Sequence[Violation]) -> str:
    """A campaign in a table, its outcome below."""
    answers = Answers(history)
    outcomes = {asked.number: answers.outcome(asked) for asked in history.asked}
    total = Counter(outcomes.values())
    names = [name for name, _ in total.most_common()]
    lines = [_row("fault", _COLUMNS, names)]
    for kind, counts, met in _rows(history, answers):
        found = Counter(outcomes[asked.number] for asked in met)
        lines.append(_row(kind, counts, [str(found[name] or "·") for name in names]))
    lines.append(_row("all commands", ("", "", len(history.asked)), [total[n] for n in names]))
    return "\n".join([*lines, "", *_outcome(history, violations)])


def _rows(
    history: History, answers: Answers
) -> Iterator[tuple[str, tuple[object, ...], Sequence[Asked]]]:
    open_times = [(asked, asked.at, answers.closed_at(asked)) for asked in history.asked]
    met: dict[str, dict[int, Asked]] = defaultdict(dict)
    times: Counter[str] = Counter()
    for struck in history.struck:
        times[struck.kind] += 1
        for asked, since, until in open_times:
            mine = struck.person in {None, asked.person}
            if mine and since <= struck.until and until >= struck.at:
                met[struck.kind][asked.number] = asked
    for kind in sorted({*times, *history.armed}):
        armed = history.armed.get(kind, times[kind])
        yield kind, (armed, times[kind], len(met[kind])), list(met[kind].values())


def _row(name: str, counts: Sequence[object], cells: Sequence[object]) -> str:
    numbers = "".join(f"{count!s:>10}" for count in counts)
    return f"{name:<38}{numbers}" + "".join(f"{_short(cell):>12}" for cell in cells)


def _short(cell: object) -> str:
    return {"unknown, then confirmed": "unkn→conf", "undeliverable": "blocked"}.get(
        str(cell), str(cell)
    )


def _outcome(history: History, violations: Sequence[Violation]) -> Iterator[str]:
    kinds = Counter(struck.kind for struck in history.struck)
    writes = [one for one in history.wrote if one.applied]
    yield (
        f"seed {history.seed}: {len(history.asked)} commands, {len(writes)} writes, "
        f"{kinds[KILLED]} kills, {kinds[STOPPED]} stops, "
        f"{history.calm_at:.0f} s of trouble"
    )
    remains = history.remains
    if remains.before is not None and remains.after is not None:
        before, after = remains.before, remains.after
        yield (
            f"file descriptors {before.descriptors} → {after.descriptors}, "
            f"tasks {sum(before.tasks.values())} → {sum(after.tasks.values())}"
        )
    if not violations:
        yield "Every check holds."
        return
    yield f"{len(violations)} VIOLATIONS (again with --seed {history.seed}):"
    for one in violations[:_MOST]:
        yield f"  {one.check}: {one.text}"


def told(history: History) -> str:
    """Everything in order of time, for whoever looks for the cause of a violation."""
    parts = (history.asked, history.said, history.wrote, history.changed, history.struck)
    entries = [(entry.at, repr(entry)) for part in parts for entry in part]
    return "\n".join(f"{at:8.2f} {text}" for at, text in sorted(entries))
