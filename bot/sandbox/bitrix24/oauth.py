"""The vendor's authorization server over HTTP: codes and refresh tokens become access tokens.

https://apidocs.bitrix24.com/settings/oauth/index.html
https://apidocs.bitrix24.com/settings/oauth/error-codes.html
"""

import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from aiohttp import web

from bot.sandbox.bitrix24.oauth_server import TOKEN_OPERATION, Consent, OAuthServer, Tokens
from bot.sandbox.bitrix24.state import Portal
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import NOT_EXECUTED, add_fault_routes, cut, gateway_page, spoil

_SERVER = web.AppKey("oauth_server", OAuthServer)

STATUSES: Mapping[str, int] = {
    # The vendor documents no statuses; those of its SDK, else those of RFC 6749.
    "invalid_request": 400,
    "invalid_client": 400,
    "invalid_grant": 400,
    "invalid_scope": 400,
    "insufficient_scope": 403,
    "PAYMENT_REQUIRED": 401,
    "NOT_INSTALLED": 401,
    "NO_AUTH_FOUND": 401,
    "wrong_client": 200,
    "CONNECTION_ERROR": 401,
    "INTERNAL_SERVER_ERROR": 500,
}
"""All errors that the server is known to have."""

_SECRETS = {"authorization_code": "code", "refresh_token": "refresh_token"}
"""By grant type, the parameter that is traded for tokens."""
_TOO_MANY = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}


@dataclass
class _Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An error; `status` overrides what its code calls for."""

    code: str
    status: int | None = None


def oauth_app(source: Portal | OAuthServer) -> web.Application:
    """The authorization server of a portal, or one that several share, as a web application."""
    server = source.oauth if isinstance(source, Portal) else source
    app = web.Application()
    app[_SERVER] = server
    add_fault_routes(app, server.faults)
    app.router.add_get("/_sandbox/state", _state)
    app.router.add_get("/_sandbox/journal", _journal)
    # Asking is doing, so a mere HEAD must not be taken for it.
    app.router.add_get("/oauth/token/", _token, allow_head=False)
    return app


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[_SERVER].snapshot())


async def _journal(request: web.Request) -> web.Response:
    return web.json_response([asdict(event) for event in request.app[_SERVER].journal])


async def _token(request: web.Request) -> web.Response:
    server, query = request.app[_SERVER], request.query
    grant_type = query.get("grant_type", "")
    secret = query.get(_SECRETS.get(grant_type, ""), "")
    who = server.owner_of(grant_type, secret)
    server.hits[grant_type if grant_type in _SECRETS else "other"] += 1
    try:
        _refuse_if_forced(server, who)
        consent = _check(server, query, grant_type, secret)
    except _Refusal as refusal:
        return _refuse(refusal)
    rule = server.faults.take(TOKEN_OPERATION, who)
    if rule is not None and rule.fault in NOT_EXECUTED:
        return _strike(request, rule)
    applied = rule is None or rule.fault is not Fault.NEVER_APPLIED
    tokens = server.trade(grant_type, secret, consent, applied=applied)
    response = web.json_response(_body(request, grant_type, consent, tokens))
    for gate in server.gates:
        await gate.pass_through(TOKEN_OPERATION, who)
    return response if rule is None else await spoil(request, rule, response)


def _refuse_if_forced(server: OAuthServer, who: str | None) -> None:
    for forced in server.forced:
        if forced.who in (None, who) and forced.times > 0:
            forced.times -= 1
            raise _Refusal(forced.code, forced.status)


def _check(server: OAuthServer, query: Mapping[str, str], grant_type: str, secret: str) -> Consent:
    """Whose consent it is; a request that has none is refused."""
    if not (secret and query.get("client_id") and query.get("client_secret")):
        raise _Refusal("invalid_request")
    known = server.clients.get(query["client_id"], "")
    if not known or not hmac.compare_digest(known.encode(), query["client_secret"].encode()):
        raise _Refusal(server.quirks.bad_client)
    consent = server.find(grant_type, secret)
    if consent is None or consent.client_id != query["client_id"]:
        raise _Refusal("invalid_grant")
    return consent


def _body(
    request: web.Request, grant_type: str, consent: Consent, tokens: Tokens
) -> dict[str, object]:
    quirks = request.app[_SERVER].quirks
    application = consent.portal.applications[consent.client_id]
    host = urlsplit(consent.portal_url).netloc if quirks.portal_as_domain else request.host
    body: dict[str, object] = {
        "access_token": tokens.access_token,
        "client_endpoint": f"{consent.portal_url}/rest/",
        "domain": host,
        "expires": tokens.expires,
        "expires_in": quirks.expires_in,
        "member_id": consent.portal.member_id,
        "refresh_token": tokens.refresh_token,
        "scope": quirks.scope or ",".join(sorted(application.scopes)),
        "server_endpoint": quirks.server_endpoint or f"{request.url.origin()}/rest/",
        "status": application.status,
        "user_id": consent.user_id,
    }
    if grant_type == "authorization_code" and not quirks.full_exchange:
        del body["expires"], body["user_id"]
    return body


def _refuse(refusal: _Refusal) -> web.Response:
    status = refusal.status or STATUSES.get(refusal.code, 400)
    body = {"error": refusal.code, "error_description": "The request was refused"}
    return web.json_response(body, status=status)


def _strike(request: web.Request, rule: FaultRule) -> web.Response:
    match rule.fault:
        case Fault.UNAVAILABLE_503:
            return web.json_response(_TOO_MANY, status=503)
        case Fault.RATE_LIMITED_429:
            headers = {"Retry-After": str(int(rule.seconds))} if rule.seconds else {}
            return web.json_response(_TOO_MANY, status=429, headers=headers)
        case Fault.HTML_502:
            return gateway_page()
        case _:
            return cut(request)
