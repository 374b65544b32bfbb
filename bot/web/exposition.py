"""Counts as Prometheus reads them. Imported at the first scrape: the library takes its time.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot import __version__
from bot.web.counts import BOUNDS, Counts, Durations
from bot.web.vitals import Vitals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = [*(str(bound) for bound in BOUNDS), "+Inf"]


def expose(counts: Counts, vitals: Vitals) -> bytes:
    """Write out all that is counted. A registry of our own: nothing global is in it."""
    registry = CollectorRegistry()
    registry.register(_Families(counts, vitals))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, counts: Counts, vitals: Vitals) -> None:
        self._counts = counts
        self._vitals = vitals

    def describe(self) -> Sequence[Metric]:
        """Nothing: it is asked once, when all is there."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """What `generate_latest` writes."""
        counts, vitals = self._counts, self._vitals
        yield _histogram(
            "rsvp_bot_command_seconds",
            "Commands by name and outcome, from their turn to their reply",
            ["command", "outcome"],
            counts.commands,
        )
        yield _histogram(
            "rsvp_bot_request_seconds",
            "Requests to chat systems and providers, without the wait for our own limits",
            ["provider", "operation", "outcome"],
            counts.requests,
        )
        yield _histogram(
            "rsvp_bot_limit_wait_seconds",
            "Requests that had to wait for a limit that the bot keeps itself",
            ["limiter"],
            counts.waits,
        )
        renewals = CounterMetricFamily(
            "rsvp_bot_renewals", "Renewals of tokens", labels=["provider", "outcome"]
        )
        for labels, number in sorted(counts.renewals.items()):
            renewals.add_metric(labels, number)
        yield renewals
        yield CounterMetricFamily(
            "rsvp_bot_crashes",
            "Messages that were closed with an apology, because handling them raised three times",
            value=vitals.crashes,
        )
        yield _gauge("rsvp_bot_ready", "Whether /readyz says so", not vitals.missing)
        if vitals.backlog is not None:
            yield _gauge(
                "rsvp_bot_inbox_entries", "Messages taken in and not done with", vitals.backlog
            )
            yield _gauge(
                "rsvp_bot_inbox_oldest_seconds", "Age of the oldest of them", vitals.oldest
            )
        version = GaugeMetricFamily("rsvp_bot_info", "What is running", labels=["version"])
        version.add_metric([__version__], 1)
        yield version


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _histogram(
    name: str, help_text: str, labels: Sequence[str], rows: Mapping[Any, Durations]
) -> Metric:
    family = HistogramMetricFamily(name, help_text, labels=labels)
    for values, durations in sorted(rows.items()):
        buckets = list(zip(_BOUNDS, map(float, accumulate(durations.buckets)), strict=True))
        family.add_metric(values, buckets, durations.total)
    return family
