"""Tokens: exchange of a code, refresh, revocation.

https://docs.cronofy.com/developers/api/authorization/request-token
https://docs.cronofy.com/developers/api/authorization/refresh-token
https://docs.cronofy.com/developers/api/authorization/revoke
"""

import hmac

from aiohttp import web

from bot.sandbox.cronofy.call import NO_STORE, Call, oauth_error
from bot.sandbox.cronofy.grants import Tokens, new_token
from bot.sandbox.cronofy.model import Application
from bot.sandbox.cronofy.views import Json, linking_profile_json


def token(call: Call) -> web.Response:
    """`POST /oauth/token`."""
    application = _client(call, status=call.cronofy.quirks.bad_client_status)
    match call.text("grant_type"):
        case "authorization_code":
            body = _exchange(call, application)
        case "refresh_token":
            body = _refresh(call, application)
        case _:
            raise oauth_error("unsupported_grant_type")
    return web.json_response(body, headers=NO_STORE)


def revoke(call: Call) -> web.Response:
    """`POST /oauth/token/revoke`: 200 also for a token that nobody knows (RFC 7009)."""
    _client(call, status=400)
    sub = token_owner(call)
    if call.applied:
        call.cronofy.grants.revoke(token=call.text("token"), sub=call.text("sub"))
    if sub:
        call.cronofy.note("oauth_revoke", sub, applied=call.applied)
    return web.Response(status=200)


def token_owner(call: Call) -> str | None:
    """The account that a request to these endpoints is about, if its body tells."""
    grants = call.cronofy.grants
    code = grants.code(call.text("code"))
    if code is not None:
        return code.sub
    for name in (call.text("refresh_token"), call.text("token")):
        access = grants.find(name)
        grant = grants.by_refresh_token(name) if access is None else access.grant
        if grant is not None:
            return grant.sub
    return call.text("sub") or None


def _client(call: Call, *, status: int) -> Application:
    application = call.cronofy.applications.get(call.text("client_id"))
    secret = call.text("client_secret").encode()
    if application is None or not any(
        hmac.compare_digest(secret, known.encode()) for known in application.secrets
    ):
        raise oauth_error("invalid_client", status=status)
    return application


def _exchange(call: Call, application: Application) -> Json:
    cronofy = call.cronofy
    name = call.text("code")
    code = cronofy.grants.code(name)
    if (
        code is None
        or code.client_id != application.client_id
        or code.redirect_uri != call.text("redirect_uri")
    ):
        raise oauth_error("invalid_grant")
    cronofy.note("oauth_token", code.sub, status="authorization_code", applied=call.applied)
    if call.applied:
        cronofy.grants.drop_code(name)
        tokens = cronofy.grants.open(
            client_id=code.client_id,
            sub=code.sub,
            scopes=code.scopes,
            expires_in=cronofy.quirks.expires_in,
        )
    else:
        tokens = _worthless(code.sub, code.scopes)
    body = _tokens_json(tokens, cronofy.quirks.expires_in)
    body |= {"account_id": code.sub, "sub": code.sub}
    if code.profile_id is not None:
        body["linking_profile"] = linking_profile_json(cronofy.profiles[code.profile_id])
    return body


def _refresh(call: Call, application: Application) -> Json:
    """The documented answer names neither the account nor the profile."""
    cronofy = call.cronofy
    grant = cronofy.grants.by_refresh_token(call.text("refresh_token"))
    if grant is None or grant.client_id != application.client_id:
        raise oauth_error("invalid_grant")
    cronofy.note("oauth_token", grant.sub, status="refresh_token", applied=call.applied)
    if call.applied:
        tokens = cronofy.grants.refresh(
            grant,
            expires_in=cronofy.quirks.expires_in,
            rotate=cronofy.quirks.rotate_refresh,
        )
    else:
        tokens = _worthless(grant.sub, grant.scopes)
    return _tokens_json(tokens, cronofy.quirks.expires_in)


def _worthless(sub: str, scopes: tuple[str, ...]) -> Tokens:
    """Tokens that nothing was stored for: a success without an effect."""
    return Tokens(access_token=new_token(), refresh_token=new_token(), scopes=scopes, sub=sub)


def _tokens_json(tokens: Tokens, expires_in: int) -> Json:
    return {
        "token_type": "bearer",
        "access_token": tokens.access_token,
        "expires_in": expires_in,
        "refresh_token": tokens.refresh_token,
        "scope": " ".join(tokens.scopes),
    }
