"""The service over HTTP: routes, the limit, and the faults asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC
from email.utils import format_datetime

from aiohttp import web

from bot.sandbox.cronofy import answering, consent, identity, oauth, reading
from bot.sandbox.cronofy.call import Call, Refusal, bearer_of, read_params
from bot.sandbox.cronofy.model import ForcedError
from bot.sandbox.cronofy.state import Cronofy
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import NOT_EXECUTED, add_fault_routes, cut, gateway_page, spoil

_CRONOFY = web.AppKey("cronofy", Cronofy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """An address; `operation` is the word for it in faults and hits."""

    method: str
    path: str
    operation: str
    handle: Callable[[Call], web.Response]


_ANSWER = "/v1/calendars/{calendar_id}/events/{event_uid}/participation_status"
_ROUTES = tuple(
    _Route(method=method, path=path, operation=operation, handle=handle)
    for method, path, operation, handle in (
        ("GET", "/v1/userinfo", "userinfo", identity.userinfo),
        ("GET", "/v1/account", "account", identity.account),
        ("GET", "/v1/profiles", "profiles", identity.profiles),
        ("GET", "/v1/calendars", "calendars", identity.calendars),
        ("GET", "/v1/events", "events", reading.list_events),
        ("GET", "/v1/events/pages/{page_id}", "events", reading.next_page),
        ("POST", _ANSWER, "participation_status", answering.change_participation_status),
        ("GET", "/oauth/authorize", "oauth_authorize", consent.authorize),
        ("POST", "/oauth/authorize", "oauth_authorize", consent.authorize),
        ("POST", "/oauth/token", "oauth_token", oauth.token),
        ("POST", "/oauth/token/revoke", "oauth_revoke", oauth.revoke),
    )
)
"""The vendor spreads these over an `api` and an `app` host; here one host serves all."""


def cronofy_app(cronofy: Cronofy) -> web.Application:
    """The service as a web application."""
    app = web.Application()
    app[_CRONOFY] = cronofy
    add_fault_routes(app, cronofy.faults)
    app.router.add_get("/_sandbox/state", _state)
    app.router.add_get("/_sandbox/journal", _journal)
    for route in _ROUTES:
        app.router.add_route(route.method, route.path, _handler(route))
    return app


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[_CRONOFY].snapshot())


async def _journal(request: web.Request) -> web.Response:
    return web.json_response([asdict(write) for write in request.app[_CRONOFY].journal])


def _handler(route: _Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        response = await _serve(route, request)
        # The service's clock, not the machine's: clients ask for changes since this time.
        now = request.app[_CRONOFY].now().astimezone(UTC)
        response.headers["Date"] = format_datetime(now, usegmt=True)
        return response

    return serve


async def _serve(route: _Route, request: web.Request) -> web.Response:
    cronofy = request.app[_CRONOFY]
    cronofy.hits[route.operation] += 1
    call = Call(cronofy=cronofy, request=request, params=await read_params(request))
    who = _who(call)
    forced = cronofy.take_forced(route.operation, who)
    if forced is not None:
        return _forced(forced)
    rule = cronofy.faults.take(route.operation, who)
    if rule is not None and rule.fault in NOT_EXECUTED:
        return _strike(request, rule)
    if rule is not None and rule.fault is Fault.NEVER_APPLIED:
        call = Call(cronofy=cronofy, request=request, params=call.params, applied=False)
    try:
        _count(call)
        response = route.handle(call)
    except Refusal as refusal:
        response = refusal.response()
    for gate in cronofy.gates:
        await gate.pass_through(route.operation, who)
    return response if rule is None else await spoil(request, rule, response)


def _who(call: Call) -> str | None:
    """The account that a call concerns, also if its token ran out."""
    access = call.cronofy.grants.find(bearer_of(call.request))
    return oauth.token_owner(call) if access is None else access.grant.sub


def _count(call: Call) -> None:
    """All users of an application share its limit; whether tokens count, nobody says."""
    access = call.cronofy.grants.find(bearer_of(call.request))
    quirks = call.cronofy.quirks
    if not quirks.limited or access is None or call.cronofy.limit.admit(access.grant.client_id):
        return
    refusal = Refusal(429)
    if quirks.limit_retry_after is not None:
        refusal.headers["Retry-After"] = str(quirks.limit_retry_after)
    raise refusal


def _forced(forced: ForcedError) -> web.Response:
    headers = {} if forced.retry_after is None else {"Retry-After": str(forced.retry_after)}
    return web.Response(
        status=forced.status,
        body=forced.body,
        headers=headers,
        content_type=forced.content_type,
    )


def _strike(request: web.Request, rule: FaultRule) -> web.Response:
    """The bodies of these answers are not documented; clients have to live with empty ones."""
    match rule.fault:
        case Fault.UNAVAILABLE_503:
            return web.Response(status=503)
        case Fault.RATE_LIMITED_429:
            headers = {"Retry-After": str(int(rule.seconds))} if rule.seconds else {}
            return web.Response(status=429, headers=headers)
        case Fault.HTML_502:
            return gateway_page()
        case _:
            return cut(request)
