"""One HTTP call of a user carried out: a method alone, or a batch of them."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.sandbox.bitrix24.calling import Caller
from bot.sandbox.bitrix24.errors import FORBIDDEN_SCOPE, RestError
from bot.sandbox.bitrix24.methods import METHODS
from bot.sandbox.bitrix24.php import parse_query, php_empty, php_json, php_text
from bot.sandbox.bitrix24.state import Portal
from bot.sandbox.faults import Fault, FaultRule, Faults
from bot.sandbox.server import NOT_EXECUTED

BATCH = "batch"
BATCH_LIMIT = 50
_NOT_IN_BATCH = frozenset({BATCH, "upload", "download"})
_REFERENCE = re.compile(r"\$(result|next|total|time|error)((?:\[[^\]]*\])+)", re.IGNORECASE)
_KEY = re.compile(r"\[([^\]]*)\]")


class Struck(Exception):  # noqa: N818 - a signal, not an error
    """A fault takes the place of the whole answer."""

    def __init__(self, rule: FaultRule) -> None:
        super().__init__(rule.fault)
        self.rule = rule


@dataclass(slots=True)
class _Outcome:
    """What the commands of a batch have brought so far."""

    result: dict[str, object] = field(default_factory=dict)
    error: dict[str, object] = field(default_factory=dict)
    time: dict[str, object] = field(default_factory=dict)

    def fill(self, value: object) -> object:
        """Replace references to earlier results; one that stands alone may bring an array."""
        if isinstance(value, dict):
            return {key: self.fill(inner) for key, inner in value.items()}
        if not isinstance(value, str):
            return value
        alone = _REFERENCE.fullmatch(value)
        found = self._look_up(alone) if alone else None
        if isinstance(found, dict | list):
            return found
        return _REFERENCE.sub(lambda match: php_text(self._look_up(match)), value)

    def _look_up(self, match: re.Match[str]) -> object:
        # Nothing here comes in pages, so `$next` and `$total` find nothing.
        roots: dict[str, object] = {"result": self.result, "error": self.error, "time": self.time}
        found = roots.get(match.group(1).lower())
        for key in _KEY.findall(match.group(2)):
            if isinstance(found, list):
                found = found[int(key)] if key.isdecimal() and int(key) < len(found) else None
            else:
                found = found.get(key) if isinstance(found, dict) else None
        return found


class Execution:
    """One HTTP call; `after` collects what is to be done to its answer."""

    def __init__(self, portal: Portal, caller: Caller) -> None:
        self.after: list[FaultRule] = []
        self._portal = portal
        self._caller = caller

    async def run(self, method: str, params: Mapping[str, object]) -> object:
        """Carry out what was asked."""
        return await (self._batch(params) if method == BATCH else self._single(method, params))

    def time(self, method: str, started: datetime) -> dict[str, object]:
        """The `time` of an answer."""
        portal = self._portal
        quirks, finished = portal.quirks, portal.now()
        start: float = int(started.timestamp()) if quirks.integer_time else started.timestamp()
        time: dict[str, object] = {
            "start": start,
            "finish": finished.timestamp(),
            "duration": finished.timestamp() - start,
            "processing": 0 if quirks.integer_time else 0.0,
            "date_start": started.isoformat(timespec="seconds"),
            "date_finish": finished.isoformat(timespec="seconds"),
        }
        window = quirks.operating_resets_in
        if window is not None:
            key, now = (self._caller.credential, method), finished.timestamp()
            time["operating_reset_at"] = portal.operating.resets_at(key, now=now, window=window)
            time["operating"] = portal.operating.total(key, now=now, window=window)
        return time

    async def _single(self, method: str, params: Mapping[str, object]) -> object:
        """Carry out one method, unless a fault strikes."""
        portal, who = self._portal, str(self._caller.user_id)
        self._refuse_if_forced(method, who)
        needed, function = METHODS[method]
        if needed and not needed & self._caller.scopes:
            raise RestError("insufficient_scope", FORBIDDEN_SCOPE)
        self._count_time(method)
        rule = portal.faults.take(method, who)
        if rule is not None and rule.fault in NOT_EXECUTED:
            raise Struck(rule)
        never_applied = rule is not None and rule.fault is Fault.NEVER_APPLIED
        caller = replace(self._caller, applied=False) if never_applied else self._caller
        result = function(portal, caller, params)
        for gate in portal.gates:
            await gate.pass_through(method, who)
        if rule is not None and rule.fault is Fault.CUT_AFTER:
            raise Struck(rule)
        if rule is not None:
            self.after.append(rule)
        return result

    async def _batch(self, params: Mapping[str, object]) -> object:
        """Carry out a batch; a fault in the middle leaves what came before it done."""
        who = str(self._caller.user_id)
        self._refuse_if_forced(BATCH, who)
        self._strike_whole_batch(who)
        halt = not php_empty(params.get("halt"))
        outcome = _Outcome()
        for number, (key, line) in enumerate(_commands(params.get("cmd"))):
            if not isinstance(line, str):
                continue
            started = self._portal.now()
            method, _, query = line.partition("?")
            method = method.lower()
            try:
                outcome.result[key] = await self._nested(number, method, query, outcome)
                outcome.time[key] = self.time(method, started)
            except RestError as error:
                body = error.body(self._portal.quirks.language)
                # https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
                silent = {"error_description": ""} if error.code == "insufficient_scope" else {}
                outcome.error[key] = {**body, **silent}
                if halt:
                    break
        return {
            "result": php_json(outcome.result),
            "result_error": php_json(outcome.error),
            "result_total": [],
            "result_next": [],
            "result_time": php_json(outcome.time),
        }

    async def _nested(self, number: int, method: str, query: str, outcome: _Outcome) -> object:
        if number >= BATCH_LIMIT:
            raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        if method in _NOT_IN_BATCH:
            raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch")
        check_method(method, METHODS)
        params = {key: outcome.fill(value) for key, value in parse_query(query).items()}
        return await self._single(method, params)

    def _refuse_if_forced(self, method: str, who: str) -> None:
        """`*` means every method, but a batch as a whole only by its name."""
        names = {method} if method == BATCH else {method, "*"}
        for forced in self._portal.forced:
            fits = forced.operation in names and forced.who in (None, who)
            if fits and forced.times > 0:
                forced.times -= 1
                raise RestError(forced.code, "forced", forced.status)

    def _strike_whole_batch(self, who: str) -> None:
        named = [rule for rule in self._portal.faults.rules if rule.operation == BATCH]
        rule = Faults(named).take(BATCH, who)
        if rule is None:
            return
        if rule.fault in NOT_EXECUTED:
            raise Struck(rule)
        if rule.fault is Fault.NEVER_APPLIED:
            self._caller = replace(self._caller, applied=False)
        self.after.append(rule)

    def _count_time(self, method: str) -> None:
        """Refuse what has run too long before, and charge this run."""
        portal, quirks = self._portal, self._portal.quirks
        window = quirks.operating_resets_in
        if window is None:
            return
        key, now = (self._caller.credential, method), portal.now().timestamp()
        if portal.operating.total(key, now=now, window=window) > quirks.operating_limit:
            raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit")
        portal.operating.add(key, quirks.call_takes, now=now, window=window)


def check_method(method: str, known: Container[str]) -> None:
    """Refuse an unknown method."""
    if method not in known:
        raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!")


def _commands(given: object) -> list[tuple[str, object]]:
    if isinstance(given, dict):
        return list(given.items())
    return [
        (str(index), line) for index, line in enumerate(given if isinstance(given, list) else [])
    ]
