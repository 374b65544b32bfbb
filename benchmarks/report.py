"""The figures of a day as a table."""

from collections.abc import Iterator, Sequence

from benchmarks.company import HALF_HOUR, Company
from benchmarks.measures import Figures, quantile


def report(company: Company, figures: Figures) -> str:
    """The table."""
    return "\n".join(_lines(company, figures))


def _lines(company: Company, figures: Figures) -> Iterator[str]:
    yield (
        f"{len(company.members)} people, {len(company.failing)} of them with an account that fails;"
        f" {len(figures.due)} transitions, {len(figures.waits)} commands"
    )
    yield "due     transitions  written after, s                  commands  waited, s"
    yield "                         p50     p95     p99     max            p50    p99    max"
    for at, late in figures.by_half_hour().items():
        waited = figures.waited_in(at, at + HALF_HOUR)
        yield f"{at:%H:%M}   {len(late):11} {_late(late)}  {len(waited):8} {_waited(waited)}"
    waited = sorted(wait.seconds for wait in figures.waits)
    late = figures.lateness
    yield f"day     {len(late):11} {_late(late)}  {len(waited):8} {_waited(waited)}"
    yield (
        f"never written {figures.missing}, written needlessly {figures.needless}, "
        f"wrong before a half hour {figures.wrong}, overtaken by hand {figures.overtaken}, "
        f"passed over {figures.passed_over}; commands that failed {figures.failed}"
    )
    mean = sum(figures.reads) / len(figures.reads)
    yield (
        f"calendars read a minute: {mean:.0f} on average, {max(figures.calm_reads)} at most, "
        f"{max(figures.reads)} after a peak; between two reads of one: {figures.gaps[0] / 60:.1f} "
        f"to {figures.gaps[-1] / 60:.1f} min (p50 {quantile(figures.gaps, 0.5) / 60:.1f})"
    )
    refused = ", ".join(f"{key.name.lower()} {count}" for key, count in figures.refused.items())
    yield (
        f"longest in hand {figures.in_hand:.1f} s; fullest bucket {figures.fullest:.1f}; "
        f"refused by our own limit: {refused or 'none'}"
    )


def _late(late: Sequence[float]) -> str:
    return " ".join(f"{quantile(late, share):7.1f}" for share in (0.5, 0.95, 0.99, 1.0))


def _waited(waited: Sequence[float]) -> str:
    return " ".join(f"{quantile(waited, share):6.2f}" for share in (0.5, 0.99, 1.0))
