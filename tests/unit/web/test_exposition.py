import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.providers import Provider
from bot.web.counts import BOUNDS, Counts
from bot.web.exposition import expose
from bot.web.vitals import Vitals


def _samples(counts: Counts, vitals: Vitals) -> dict[str, float]:
    text = expose(counts, vitals).decode()
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_durations_fall_into_their_buckets_and_add_up() -> None:
    counts = Counts()
    for seconds in (0.001, 0.01, 0.011, 24.9, 25.1, 3600.0):
        counts.command("accept", "ok", seconds)

    samples = _samples(counts, Vitals())

    labels = "('command', 'accept'), "
    found = {
        bound: samples[
            f"rsvp_bot_command_seconds_bucket[{labels}('le', '{bound}'), ('outcome', 'ok')]"
        ]
        for bound in [*map(str, BOUNDS), "+Inf"]
    }
    assert found["0.01"] == 2
    assert found["0.025"] == 3
    assert found["10.0"] == 3
    assert found["25.0"] == 4
    assert found["+Inf"] == 6
    total = samples["rsvp_bot_command_seconds_sum[('command', 'accept'), ('outcome', 'ok')]"]
    assert total == pytest.approx(3650.022)


def test_all_that_is_counted_is_there_with_its_labels() -> None:
    counts = Counts()
    counts.command("dnd", "late", 0)
    counts.requested("bitrix24", "batch", "OutcomeUnknown", 0.2)
    counts.waited("telegram", 1.5)
    counts.waited("telegram", 0.5)
    counts.renewed(Provider.CRONOFY, "ok")
    counts.renewed(Provider.CRONOFY, "ok")

    samples = _samples(counts, Vitals(missing=["database"], crashes=3))

    assert samples["rsvp_bot_command_seconds_count[('command', 'dnd'), ('outcome', 'late')]"] == 1
    labels = "('operation', 'batch'), ('outcome', 'OutcomeUnknown'), ('provider', 'bitrix24')"
    assert samples[f"rsvp_bot_request_seconds_count[{labels}]"] == 1
    assert samples["rsvp_bot_limit_wait_seconds_sum[('limiter', 'telegram')]"] == 2
    assert samples["rsvp_bot_limit_wait_seconds_count[('limiter', 'telegram')]"] == 2
    assert samples["rsvp_bot_renewals_total[('outcome', 'ok'), ('provider', 'cronofy')]"] == 2
    assert samples["rsvp_bot_crashes_total[]"] == 3
    assert samples["rsvp_bot_ready[]"] == 0
    assert "rsvp_bot_inbox_entries[]" not in samples


def test_what_the_database_tells_is_there_when_it_does() -> None:
    samples = _samples(Counts(), Vitals(backlog=4, oldest=12.5))

    assert samples["rsvp_bot_inbox_entries[]"] == 4
    assert samples["rsvp_bot_inbox_oldest_seconds[]"] == 12.5
    assert samples["rsvp_bot_ready[]"] == 1
