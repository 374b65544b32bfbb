"""The portal's REST over HTTP: addresses, envelopes, batches, limits, and the faults asked for.

https://apidocs.bitrix24.com/settings/how-to-call-rest-api/index.html
"""

import json
import re
from collections.abc import Container, Mapping
from dataclasses import asdict
from datetime import datetime
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox.bitrix24.errors import RestError
from bot.sandbox.bitrix24.methods import METHODS, Caller
from bot.sandbox.bitrix24.state import Portal
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import NOT_EXECUTED, add_fault_routes, cut, gateway_page, spoil

BATCH_LIMIT = 50
_REFERENCE = re.compile(r"\$result\[([^\]]+)\](?:\[([^\]]+)\])?", re.IGNORECASE)
_BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\]]*\])*)$")


class _Struck(Exception):  # noqa: N818 - a signal, not an error
    """A fault takes the place of the whole answer."""

    def __init__(self, rule: FaultRule) -> None:
        super().__init__(rule.fault)
        self.rule = rule


def portal_app(portal: Portal) -> web.Application:
    """The portal as a web application."""
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app[_PORTAL] = portal
    app[_BUCKETS] = {}
    add_fault_routes(app, portal.faults)
    app.router.add_get("/_sandbox/state", _state)
    app.router.add_get("/_sandbox/journal", _journal)
    app.router.add_route("*", r"/rest/{user_id:\d+}/{code}/{method}", _rest)
    app.router.add_route("*", "/rest/{method}", _rest)
    return app


_PORTAL = web.AppKey("portal", Portal)
_BUCKETS = web.AppKey("buckets", dict[str, tuple[float, float]])


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[_PORTAL].snapshot())


async def _journal(request: web.Request) -> web.Response:
    return web.json_response([asdict(write) for write in request.app[_PORTAL].journal])


async def _rest(request: web.Request) -> web.Response:
    portal = request.app[_PORTAL]
    portal.hits += 1
    if portal.moved_to is not None:
        raise web.HTTPFound(portal.moved_to + request.path_qs)
    started = portal.now()
    after: list[FaultRule] = []
    try:
        _count_hit(request.app[_BUCKETS], portal, request.remote or "")
        params = await _read_params(request)
        method = request.match_info["method"].removesuffix(".json").lower()
        _check_method(method, {*METHODS, "batch"})
        user_id = _authorize(portal, request, params)
        call = _Call(portal, user_id, after)
        result = await (call.batch(params) if method == "batch" else call.single(method, params))
        response = web.json_response({"result": result, "time": _time(portal, started)})
    except RestError as error:
        response = web.json_response(
            error.body(portal.quirks.language),
            status=error.http_status(documented=portal.quirks.documented_statuses),
        )
    except _Struck as struck:
        return _strike(request, struck.rule)
    for rule in after:
        response = await spoil(request, rule, response)
    return response


class _Call:
    """One HTTP call of a user; `after` collects what is to be done to its answer."""

    def __init__(self, portal: Portal, user_id: int, after: list[FaultRule]) -> None:
        self._portal = portal
        self._user_id = user_id
        self._after = after

    async def single(self, method: str, params: Mapping[str, object]) -> object:
        """Carry out one method, unless a fault strikes."""
        portal, who = self._portal, str(self._user_id)
        self._refuse_if_forced(method, who)
        needed, function = METHODS[method]
        if needed and needed not in portal.users[self._user_id].scopes:
            raise RestError("insufficient_scope")
        rule = portal.faults.take(method, who)
        if rule is not None and rule.fault in NOT_EXECUTED:
            raise _Struck(rule)
        applied = rule is None or rule.fault is not Fault.NEVER_APPLIED
        result = function(portal, Caller(user_id=self._user_id, applied=applied), params)
        for gate in portal.gates:
            await gate.pass_through(method, who)
        if rule is not None and rule.fault is Fault.CUT_AFTER:
            raise _Struck(rule)
        if rule is not None:
            self._after.append(rule)
        return result

    async def batch(self, params: Mapping[str, object]) -> object:
        """Carry out a batch; a fault in the middle leaves what came before it done."""
        commands = params.get("cmd")
        items = (
            list(commands.items())
            if isinstance(commands, dict)
            else [(str(index), line) for index, line in enumerate(commands)]
            if isinstance(commands, list)
            else []
        )
        halt = params.get("halt") not in (None, False, 0, "", "0")
        results: dict[str, object] = {}
        errors: dict[str, object] = {}
        times: dict[str, object] = {}
        for number, (key, line) in enumerate(items):
            if not isinstance(line, str):
                continue
            started = self._portal.now()
            try:
                results[key] = await self._nested(number, line, results)
                times[key] = _time(self._portal, started)
            except RestError as error:
                body = error.body(self._portal.quirks.language)
                errors[key] = {**body, "error_description": ""} if not error.text else body
                if halt:
                    break
        return {
            "result": _php(results),
            "result_error": _php(errors),
            "result_total": [],
            "result_next": [],
            "result_time": _php(times),
        }

    async def _nested(self, number: int, line: str, results: Mapping[str, object]) -> object:
        if number >= BATCH_LIMIT:
            raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        name, _, query = line.partition("?")
        method = name.lower()
        if method in {"batch", "upload", "download"}:
            raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch")
        _check_method(method, METHODS)
        params = {
            key: _substitute(value, results)
            for key, value in parse_qsl(query, keep_blank_values=True)
        }
        return await self.single(method, params)

    def _refuse_if_forced(self, method: str, who: str) -> None:
        for forced in self._portal.forced:
            fits = forced.operation in ("*", method) and forced.who in (None, who)
            if fits and forced.times > 0:
                forced.times -= 1
                raise RestError(forced.code, "forced", forced.status)


def _strike(request: web.Request, rule: FaultRule) -> web.Response:
    limit = RestError("QUERY_LIMIT_EXCEEDED", "Too many requests")
    match rule.fault:
        case Fault.UNAVAILABLE_503:
            return web.json_response(limit.body("en"), status=503)
        case Fault.RATE_LIMITED_429:
            headers = {"Retry-After": str(int(rule.seconds))} if rule.seconds else {}
            return web.json_response(limit.body("en"), status=429, headers=headers)
        case Fault.HTML_502:
            return gateway_page()
        case _:
            return cut(request)


def _check_method(method: str, known: Container[str]) -> None:
    """The real server does this before it looks at credentials."""
    if method not in known:
        raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!")


def _authorize(portal: Portal, request: web.Request, params: Mapping[str, object]) -> int:
    if "user_id" in request.match_info:
        user = portal.users.get(int(request.match_info["user_id"]))
        if user is None or not user.code or user.code != request.match_info["code"]:
            raise RestError("INVALID_CREDENTIALS", "Invalid request credentials")
        return user.user_id
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = bearer or params.get("auth") or params.get("access_token")
    if not token:
        raise RestError("NO_AUTH_FOUND", "Wrong authorization data")
    known = portal.tokens.get(str(token))
    if known is None:
        raise RestError("invalid_token", "Unable to get application by token")
    if known.expires_at <= portal.now().timestamp():
        raise RestError("expired_token", "The access token provided has expired")
    return known.user_id


def _count_hit(buckets: dict[str, tuple[float, float]], portal: Portal, address: str) -> None:
    """The leaky bucket, per address of the caller."""
    quirks = portal.quirks
    if not quirks.burst:
        return
    now = portal.now().timestamp()
    level, measured = buckets.get(address, (0.0, now))
    level = max(0.0, level - (now - measured) * quirks.rate)
    if level + 1 > quirks.burst:
        buckets[address] = (level, now)
        raise RestError("QUERY_LIMIT_EXCEEDED", "Too many requests")
    buckets[address] = (level + 1, now)


async def _read_params(request: web.Request) -> dict[str, object]:
    """Query and body together; the body wins. Broken JSON is silently nothing."""
    params: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read())
        except ValueError:
            body = None
        if isinstance(body, dict):
            params.update(body)
    elif request.method == "POST":
        for key, value in (await request.post()).items():
            _put(params, key, str(value))
    return params


def _put(params: dict[str, object], key: str, value: str) -> None:
    """PHP's nesting: `cmd[a]=b`."""
    match = _BRACKETS.match(key)
    if match is None or not match.group(2):
        params[key] = value
        return
    name, inner = match.group(1), match.group(2).strip("[]").split("][")
    nested = params.setdefault(name, {})
    if isinstance(nested, dict):
        nested["][".join(inner) or str(len(nested))] = value


def _substitute(value: str, results: Mapping[str, object]) -> str:
    def replacement(match: re.Match[str]) -> str:
        result = results.get(match.group(1), "")
        if match.group(2) is not None:
            result = result.get(match.group(2), "") if isinstance(result, dict) else ""
        return str(result)

    return _REFERENCE.sub(replacement, value)


def _php(mapping: dict[str, object]) -> object:
    """An empty map is `[]` in PHP's JSON."""
    return mapping or []


def _time(portal: Portal, started: datetime) -> dict[str, object]:
    finished = portal.now()
    start: float = started.timestamp()
    if portal.quirks.integer_time:
        start = int(start)
    time: dict[str, object] = {
        "start": start,
        "finish": finished.timestamp(),
        "duration": finished.timestamp() - start,
        "processing": 0,
        "date_start": started.isoformat(timespec="seconds"),
        "date_finish": finished.isoformat(timespec="seconds"),
    }
    if portal.quirks.operating_resets_in is not None:
        time["operating"] = 0.1
        time["operating_reset_at"] = int(start + portal.quirks.operating_resets_in)
    return time
