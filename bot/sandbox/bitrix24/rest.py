"""The portal's REST over HTTP: addresses, parameters, credentials, envelopes, the hit limit.

https://apidocs.bitrix24.com/settings/how-to-call-rest-api/index.html
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from aiohttp import web

from bot.sandbox.bitrix24.calling import Caller
from bot.sandbox.bitrix24.errors import RestError
from bot.sandbox.bitrix24.execution import BATCH, Execution, Struck, check_method
from bot.sandbox.bitrix24.limits import LeakyBuckets
from bot.sandbox.bitrix24.methods import METHODS
from bot.sandbox.bitrix24.oauth_page import PORTAL, add_consent_page
from bot.sandbox.bitrix24.php import nest, parse_query
from bot.sandbox.bitrix24.records import User
from bot.sandbox.bitrix24.state import Portal
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import add_fault_routes, cut, gateway_page, spoil

_BUCKETS = web.AppKey("buckets", LeakyBuckets)
_TOO_MANY = RestError("QUERY_LIMIT_EXCEEDED", "Too many requests")
_CORS = {"Access-Control-Allow-Origin": "*"}


def portal_app(portal: Portal) -> web.Application:
    """The portal as a web application."""
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app[PORTAL] = portal
    app[_BUCKETS] = LeakyBuckets()
    add_fault_routes(app, portal.faults)
    app.router.add_get("/_sandbox/state", _state)
    app.router.add_get("/_sandbox/journal", _journal)
    add_consent_page(app)
    app.router.add_route("*", r"/rest/{user_id:\d{1,18}}/{code}/{method}", _rest)
    app.router.add_route("*", "/rest/{method}", _rest)
    # Whatever else there is after /rest/ is taken for a method that does not exist.
    app.router.add_route("*", "/rest/{rest:.*}", _rest)
    return app


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[PORTAL].snapshot())


async def _journal(request: web.Request) -> web.Response:
    return web.json_response([asdict(write) for write in request.app[PORTAL].journal])


async def _rest(request: web.Request) -> web.Response:
    portal = request.app[PORTAL]
    portal.hits += 1
    if portal.moved_to is not None:
        raise web.HTTPFound(portal.moved_to + request.path_qs)
    started = portal.now()
    try:
        _count_hit(request)
        method = request.match_info.get("method", "").removesuffix(".json").lower()
        # The real server does this before it looks at credentials.
        check_method(method, {*METHODS, BATCH})
        params = await _read_params(request)
        execution = Execution(portal, _authorize(portal, request, params))
        # Methods never see them, and neither does who reads the journal.
        for credential in ("auth", "access_token"):
            params.pop(credential, None)
        result = await execution.run(method, params)
    except RestError as error:
        return _refuse(portal, error)
    except Struck as struck:
        return _strike(request, portal, struck.rule)
    response = _json({"result": result, "time": execution.time(method, started)})
    for rule in execution.after:
        response = await spoil(request, rule, response)
    return response


def _json(body: Mapping[str, object], *, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers=_CORS)


def _refuse(portal: Portal, error: RestError) -> web.Response:
    status = error.http_status(documented=portal.quirks.documented_statuses)
    return _json(error.body(portal.quirks.language), status=status)


def _strike(request: web.Request, portal: Portal, rule: FaultRule) -> web.Response:
    match rule.fault:
        case Fault.UNAVAILABLE_503:
            return _refuse(portal, _TOO_MANY)
        case Fault.RATE_LIMITED_429:
            response = _json(_TOO_MANY.body(portal.quirks.language), status=429)
            if rule.seconds:
                response.headers["Retry-After"] = str(int(rule.seconds))
            return response
        case Fault.HTML_502:
            return gateway_page()
        case _:
            return cut(request)


def _count_hit(request: web.Request) -> None:
    """The leaky bucket, per address of the caller."""
    portal = request.app[PORTAL]
    burst, rate = portal.quirks.burst, portal.quirks.rate
    now, address = portal.now().timestamp(), request.remote or ""
    if burst and not request.app[_BUCKETS].admit(address, now=now, burst=burst, rate=rate):
        raise RestError(_TOO_MANY.code, _TOO_MANY.text)


def _authorize(portal: Portal, request: web.Request, params: Mapping[str, object]) -> Caller:
    if "user_id" in request.match_info:
        user_id = int(request.match_info["user_id"])
        return _by_webhook(portal, user_id, request.match_info["code"], secure=request.secure)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        bearer = ""
    return _by_token(portal, bearer.strip() or params.get("auth") or params.get("access_token"))


def _by_webhook(portal: Portal, user_id: int, code: str, *, secure: bool) -> Caller:
    if portal.quirks.requires_https and not secure:
        raise RestError("INVALID_REQUEST", "Https required.")
    user = portal.users.get(user_id)
    if user is None or user.code != code:
        raise RestError("INVALID_CREDENTIALS", "Invalid request credentials")
    _employed(user)
    return Caller(user_id=user_id, credential=f"webhook of {user_id}", scopes=user.scopes)


def _by_token(portal: Portal, token: object) -> Caller:
    if not token:
        raise RestError("NO_AUTH_FOUND", "Wrong authorization data")
    known = portal.tokens.get(str(token))
    if known is None:
        raise RestError("invalid_token", "Unable to get application by token")
    if known.expires_at <= portal.now().timestamp():
        raise RestError("expired_token", "The access token provided has expired")
    if known.client_id is not None and known.client_id not in portal.applications:
        raise RestError("APPLICATION_NOT_FOUND", "Application not found")
    user = _employed(portal.users.get(known.user_id))
    scopes = user.scopes if known.scopes is None else known.scopes
    credential = f"application {known.client_id or ''}"
    return Caller(user_id=user.user_id, credential=credential, scopes=scopes)


def _employed(user: User | None) -> User:
    if user is None or not user.active:
        raise RestError("authorization_error", "Unable to authorize user")
    return user


async def _read_params(request: web.Request) -> dict[str, object]:
    """Query and body together; the body wins. Broken JSON is silently nothing."""
    params = parse_query(request.rel_url.raw_query_string)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            params.update(body)
    elif request.content_type == "multipart/form-data":
        params.update(nest((key, str(value)) for key, value in (await request.post()).items()))
    elif request.method == "POST":
        # A body of any other kind is read as a form, whatever its content type says.
        params.update(parse_query((await request.read()).decode(errors="replace")))
    return params
