"""Who somebody is, and which calendars they have."""

from aiohttp import web

from bot.sandbox.cronofy.call import Call, require_scope
from bot.sandbox.cronofy.views import account_json, calendars_json, profile_json, userinfo_json


def userinfo(call: Call) -> web.Response:
    """`GET /v1/userinfo`."""
    grant = call.grant()
    account = call.cronofy.accounts[grant.sub]
    scope = " ".join(grant.scopes)
    return web.json_response(userinfo_json(call.cronofy, account, scope, _base(call)))


def account(call: Call) -> web.Response:
    """`GET /v1/account`, the older form, with a scope of its own."""
    grant = call.grant()
    require_scope(grant, "read_account")
    return web.json_response(account_json(call.cronofy.accounts[grant.sub], " ".join(grant.scopes)))


def profiles(call: Call) -> web.Response:
    """`GET /v1/profiles`."""
    grant = call.grant()
    found = [profile_json(each, _base(call)) for each in call.cronofy.profiles_of(grant.sub)]
    return web.json_response({"profiles": found})


def calendars(call: Call) -> web.Response:
    """`GET /v1/calendars`. No scope beyond the token was seen to be needed."""
    return web.json_response(calendars_json(call.cronofy, call.grant().sub))


def _base(call: Call) -> str:
    return str(call.request.url.origin())
