"""The figures of a run as a table."""

from collections.abc import Iterator, Mapping

from benchmarks.speed.measures import Figures

BARS: Mapping[str, tuple[str, float]] = {
    "cpu_to_bare": ("at most", 2.0),
    "throughput_to_ptb": ("at least", 3.0),
    "throughput_to_ptb_latency": ("at least", 50.0),
    "p99_to_bare": ("at most", 3.0),
    "throughput_to_bare_latency": ("at least", 0.9),
    "cpu_growth": ("at most", 1.1),
}
MEMORY_MB = 110
START_S = 1.5


def report(figures: Mapping[str, Figures], ratios: Mapping[str, float], ready_after: float) -> str:
    """The table."""
    return "\n".join(_lines(figures, ratios, ready_after))


def _lines(
    figures: Mapping[str, Figures], ratios: Mapping[str, float], ready_after: float
) -> Iterator[str]:
    width = max((len(name) for name in figures), default=0)
    yield f"{'':{width}}  commands/s  CPU us  x bare  x ptb   p50 ms   p99 ms  peak MB"
    for name, one in figures.items():
        beside = "_latency" if name.endswith("_latency") else ""
        to = [_to(one, figures.get(f"{rival}{beside}")) for rival in ("bare", "ptb")]
        yield (
            f"{name:{width}}  {one.commands_s:10.1f}  {one.cpu_us:6.0f}  {to[0]}  {to[1]}"
            f"  {one.p50_ms:7.1f}  {one.p99_ms:7.1f}  {one.rss_mb:7.0f}"
        )
    yield ""
    for name, ratio in ratios.items():
        words, bar = BARS[name]
        met = ratio <= bar if words == "at most" else ratio >= bar
        yield f"{name:27} {ratio:7.2f}  {words} {bar}: {_verdict(met=met)}"
    if (crowd := figures.get("bot_1000_active")) is not None:
        met = crowd.rss_mb <= MEMORY_MB
        yield f"{'memory, 1000 people, MB':27} {crowd.rss_mb:7.0f}  at most {MEMORY_MB}: " + (
            _verdict(met=met)
        )
    if ready_after:
        yield (
            f"{'start to ready, s':27} {ready_after:7.2f}  at most {START_S}: "
            f"{_verdict(met=ready_after <= START_S)}"
        )


def _verdict(*, met: bool) -> str:
    return "met" if met else "MISSED"


def _to(one: Figures, other: Figures | None) -> str:
    """How much processor time, as a multiple of somebody else's."""
    return "     -" if other is None else f"{one.cpu_us / other.cpu_us:6.2f}"
