"""Health and metrics of a running bot, asked over its own port."""

import asyncio
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

import handlers
from bot import errors
from bot.dispatch.command_log import LATE, NOT_THERE, TIMED_OUT, UNFINISHED, UNKNOWN
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, CARL, PEOPLE
from bot.sandbox.cronofy.seed import ANN_ACCOUNT
from bot.sandbox.faults import Fault, FaultRule
from tests.e2e.commands import run
from tests.e2e.world import TOKEN, World, world
from tests.fakes.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

Samples = dict[tuple[str, str], float]


async def _get(w: World, path: str, port: str = "OPERATIONS_PORT") -> tuple[int, str]:
    url = f"http://127.0.0.1:{w.environment[port]}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def _until(w: World, path: str, status: int, said: str) -> None:
    """Ask until it answers like that; a bot that starts does not listen yet."""
    async with asyncio.timeout(20):
        while True:
            try:
                if await _get(w, path) == (status, said):
                    return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)


async def _scraped(w: World, enough: Callable[[Samples], bool]) -> tuple[Samples, str]:
    """Scrape until what was begun has been counted."""
    async with asyncio.timeout(20):
        while True:
            status, text = await _get(w, "/metrics")
            assert status == 200
            samples = _samples(text)
            if enough(samples):
                return samples, text
            await asyncio.sleep(0.05)


def _samples(text: str) -> Samples:
    """By name and the values of the labels, in the order of their names."""
    return {
        (sample.name, " ".join(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _counts(samples: Samples, name: str) -> dict[str, float]:
    return {labels: value for (known, labels), value in samples.items() if known == name}


def _done(samples: Samples) -> bool:
    return samples["rsvp_bot_inbox_entries", ""] == 0


async def test_commands_and_requests_are_counted_exactly(tmp_path: Path) -> None:
    async with world(tmp_path, several=True, OPERATIONS_PORT=str(free_port())) as w:
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("✅ Accepted: Sprint review")
        w.tg.says(w.user(CARL), f"/принять {SPRINT_REVIEW}")
        await w.heard("Accepted: Sprint review", CARL)
        w.tg.says(w.user(ANN), "/accept 999999")
        await w.heard("999999")
        w.tg.says(w.user(ANN), "/s3cr3t_of_ann")
        await w.heard("There is no command")
        w.portal.force_error("insufficient_scope", 403, operation="batch")
        w.tg.says(w.user(CARL), "/dnd")
        await w.heard("has no right", CARL)
        samples, _ = await _scraped(w, _done)
        hits, calls = w.portal.hits, Counter(call.method for call in w.tg.calls)

    assert _counts(samples, "rsvp_bot_command_seconds_count") == {
        "accept ok": 2,
        "accept EventNotFoundError": 1,
        "unknown unknown": 1,
        "dnd ProviderPermissionError": 1,
    }
    requests = _counts(samples, "rsvp_bot_request_seconds_count")
    assert hits > 4
    assert sum(n for labels, n in requests.items() if labels.endswith("bitrix24")) == hits
    assert requests["batch ProviderPermissionError bitrix24"] == 1
    # The labels of a request are sorted by name: operation, outcome, provider.
    telegram = {labels.split()[0]: n for labels, n in requests.items() if "telegram" in labels}
    assert telegram.pop("getUpdates") >= 5
    del calls["getUpdates"]
    assert telegram == calls
    assert calls["sendMessage"] == 5
    assert samples["rsvp_bot_ready", ""] == 1
    assert samples["rsvp_bot_crashes_total", ""] == 0
    assert samples["process_open_fds", ""] > 3


async def test_metrics_hold_nobody_and_nothing_of_anybody(tmp_path: Path) -> None:
    async with world(tmp_path, several=True, OPERATIONS_PORT=str(free_port())) as w:
        await w.start()
        group = w.tg.add_group(-100500600, "Secret team", [w.user(person) for person in PEOPLE])
        w.tg.says(w.user(ANN), "/start")
        await w.heard("/invites")
        w.tg.says(w.user(ANN), f"/accept@acme_rsvp_bot {SPRINT_REVIEW}", group)
        await w.heard("Accepted: Sprint review")
        w.tg.says(w.user(ANN), f"/accept {w.portal_url}{w.portal.webhook_path(ANN.user_id)}")
        w.tg.says(w.user(ANN), "/s3cr3t_of_ann@acme_rsvp_bot")
        await w.heard("There is no command")
        w.tg.says(w.user(ANN), "/agenda week")
        await w.heard("Sprint review", count=2)
        samples, text = await _scraped(w, _done)

    for secret in (
        *(TOKEN, TOKEN.partition(":")[2], ANN.webhook_code, ANN_ACCOUNT.personal_token),
        *(w.portal_url, w.portal_url.partition("://")[2], "127.0.0.1", "localhost"),
        *("100500600", "telegram:", "s3cr3t", "Sprint", "Secret", "acme", str(tmp_path)),
        *(person.name for person in PEOPLE),
        *(person.handle for person in PEOPLE if person.handle),
    ):
        assert secret not in text
    values = {value for value in _label_values(text) if not re.fullmatch(r"[0-9.]+|\+Inf", value)}
    outcomes = {name for name in vars(errors) if name.endswith("Error")}
    known = {
        *(spec.name for spec in handlers.router().specs),
        *("ok", UNKNOWN, LATE, NOT_THERE, TIMED_OUT, UNFINISHED, *outcomes),
        *("bitrix24", "cronofy", "telegram"),
        *("batch", "events", "userinfo", *(call.method for call in w.tg.calls)),
    }
    assert len(values) > 10
    assert values <= known
    assert str(SPRINT_REVIEW) not in _label_values(text)
    assert str(ANN.user_id) not in _label_values(text)
    assert samples["rsvp_bot_inbox_oldest_seconds", ""] == 0


def _label_values(text: str) -> set[str]:
    return {
        value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for value in sample.labels.values()
    }


async def test_the_inbox_shows_what_waits(tmp_path: Path) -> None:
    async with world(tmp_path, OPERATIONS_PORT=str(free_port())) as w:
        gate = w.portal.hold("calendar.event.getbyid")
        await w.start()
        w.tg.says(w.user(ANN), f"/status {SPRINT_REVIEW}")
        await gate.reached.wait()
        waiting, _ = await _scraped(w, lambda seen: seen["rsvp_bot_inbox_oldest_seconds", ""] > 0.2)
        gate.opened.set()
        await w.heard("Sprint review")
        done, _ = await _scraped(w, _done)

    assert waiting["rsvp_bot_inbox_entries", ""] == 1
    assert 0.2 < waiting["rsvp_bot_inbox_oldest_seconds", ""] < 60
    assert done["rsvp_bot_inbox_oldest_seconds", ""] == 0


async def test_ready_means_that_telegram_and_the_database_answer(tmp_path: Path) -> None:
    async with world(tmp_path, OPERATIONS_PORT=str(free_port())) as w:
        w.tg.faults.add(FaultRule(fault=Fault.UNAVAILABLE_503, times=None))
        await w.start()
        await _until(w, "/readyz", 503, "not ready: telegram\n")
        alive = await _get(w, "/healthz")
        w.tg.faults.clear()
        await _until(w, "/readyz", 200, "ready\n")

    assert alive == (200, "alive\n")


async def test_a_database_that_does_not_answer_is_named_until_it_does(tmp_path: Path) -> None:
    async with world(tmp_path, OPERATIONS_PORT=str(free_port())) as w:
        await w.start()
        await _until(w, "/readyz", 200, "ready\n")
        with closing(sqlite3.connect(w.database, isolation_level=None)) as another:
            another.execute("ALTER TABLE inbox RENAME TO mislaid")
            await _until(w, "/readyz", 503, "not ready: database\n")
            _, text = await _get(w, "/metrics")
            alive = await _get(w, "/healthz")
            another.execute("ALTER TABLE mislaid RENAME TO inbox")
        await _until(w, "/readyz", 200, "ready\n")
        code = await w.stop()

    assert "rsvp_bot_ready 0.0" in text
    assert "rsvp_bot_inbox_entries" not in text
    assert alive == (200, "alive\n")
    assert code == 0


async def test_while_it_stops_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with world(tmp_path, OPERATIONS_PORT=str(free_port())) as w:
        gate = w.portal.hold("calendar.event.getbyid")
        await w.start()
        w.tg.says(w.user(ANN), f"/status {SPRINT_REVIEW}")
        await gate.reached.wait()
        process = w.process
        assert process is not None
        process.terminate()
        await _until(w, "/readyz", 503, "not ready: stopping, telegram\n")
        alive = await _get(w, "/healthz")
        gate.opened.set()
        await w.heard("Sprint review")
        code = await process.wait()

    assert alive == (200, "alive\n")
    assert code == 0


async def test_where_the_world_may_ask_there_are_no_metrics(tmp_path: Path) -> None:
    async with world(tmp_path, webhook=True, OPERATIONS_PORT=str(free_port())) as w:
        await w.start()
        await _until(w, "/readyz", 200, "ready\n")
        public = {
            path: await _get(w, path, "HTTP_PORT") for path in ("/healthz", "/readyz", "/metrics")
        }
        posted = f"http://127.0.0.1:{w.environment['OPERATIONS_PORT']}/telegram"
        async with aiohttp.ClientSession() as session, session.post(posted) as response:
            webhook = response.status

    assert public["/healthz"] == (200, "alive\n")
    assert public["/readyz"] == (200, "ready\n")
    assert public["/metrics"][0] == 404
    assert webhook == 404


async def test_health_is_a_command_too(tmp_path: Path) -> None:
    async with world(tmp_path, OPERATIONS_PORT=str(free_port())) as w:
        before = await run("health", folder=w.folder, settings=w.environment)
        await w.start()
        await _until(w, "/readyz", 200, "ready\n")
        running = await run("health", folder=w.folder, settings=w.environment)
        with closing(sqlite3.connect(w.database, isolation_level=None)) as another:
            another.execute("ALTER TABLE inbox RENAME TO mislaid")
            await _until(w, "/readyz", 503, "not ready: database\n")
        ill = await run("health", folder=w.folder, settings=w.environment)
        deaf = {**w.environment, "OPERATIONS_PORT": ""}
        unasked = await run("health", folder=w.folder, settings=deaf)

    port = w.environment["OPERATIONS_PORT"]
    assert (before.code, before.out) == (1, f"nobody answers on port {port}\n")
    assert (running.code, running.out) == (0, "ready\n")
    assert (ill.code, ill.out) == (1, "not ready: database\n")
    assert (unasked.code, "OPERATIONS_PORT: is required" in unasked.err) == (2, True)


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.environment["OPERATIONS_PORT"] = w.tg_url.rpartition(":")[2]
        await w.start()
        assert w.process is not None
        code = await w.process.wait()

    assert code == 2
    assert "OPERATIONS_PORT: cannot listen at 127.0.0.1:" in w.logged()


async def test_in_json_every_line_is_an_object_and_every_command_has_one(tmp_path: Path) -> None:
    async with world(tmp_path, LOG_FORMAT="json") as w:
        await w.start()
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("Accepted: Sprint review")
        w.tg.says(w.user(ANN), "/accept 999999")
        await w.heard("999999")
        await w.stop()
        lines = [json.loads(line) for line in w.logged().splitlines()]

    commands = [line for line in lines if "command" in line]
    assert [(line["command"], line["outcome"]) for line in commands] == [
        ("accept", "ok"),
        ("accept", "EventNotFoundError"),
    ]
    assert all(isinstance(line["ms"], int) and line["platform"] == "telegram" for line in commands)
    assert len({line["reference"] for line in commands}) == 2
    assert all(line["message"] and line["time"] for line in lines)
