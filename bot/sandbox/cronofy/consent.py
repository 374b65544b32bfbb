"""The page on which somebody allows an application to see their calendars.

https://docs.cronofy.com/developers/api/authorization/request-authorization
"""

from html import escape
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.sandbox.cronofy.call import Call, Refusal
from bot.sandbox.cronofy.grants import CODE_LIFETIME, Code
from bot.sandbox.cronofy.model import Application, Profile

COOKIE = "cronofy_account"
"""A browser is remembered: unless a client says `avoid_linking=true`, a second person who signs in
with it ends up in the first one's account."""


def authorize(call: Call) -> web.Response:
    """`GET /oauth/authorize`, and `POST` from the page that it may show."""
    query = call.request.query
    application = _application(call)
    if query.get("response_type") != "code":
        return _back(call, error="unsupported_response_type")
    if not query.get("scope", "").split():
        return _back(call, error="invalid_scope")
    if call.cronofy.quirks.auto_approve:
        return _decide(call, application, call.cronofy.browser)
    if call.request.method == "POST":
        return _decide(call, application, call.text("sub") or None)
    return web.Response(text=_page(call, application), content_type="text/html")


def _application(call: Call) -> Application:
    """The client, if it may be sent back to where it asks; a wrong one must never be."""
    query = call.request.query
    application = call.cronofy.applications.get(query.get("client_id", ""))
    target = query.get("redirect_uri", "")
    if application is None or urlsplit(target).scheme not in ("http", "https"):
        raise Refusal(400)
    if application.redirect_uris and target not in application.redirect_uris:
        raise Refusal(400)
    return application


def _decide(call: Call, application: Application, sub: str | None) -> web.Response:
    if sub not in call.cronofy.accounts:
        return _back(call, error="access_denied")
    cronofy = call.cronofy
    query = call.request.query
    linked = next(iter(cronofy.profiles_of(sub)), None)
    owner = _owner(call, sub)
    code = cronofy.grants.keep_code(
        Code(
            client_id=application.client_id,
            redirect_uri=query["redirect_uri"],
            sub=owner,
            scopes=tuple(query["scope"].split()),
            profile_id=None if linked is None else linked.profile_id,
            expires_at=cronofy.now() + CODE_LIFETIME,
        )
    )
    response = _back(call, code=code)
    response.set_cookie(COOKIE, owner, httponly=True)
    return response


def _owner(call: Call, sub: str) -> str:
    """Whose account it becomes: the browser's earlier one takes over the calendars."""
    earlier = call.request.cookies.get(COOKIE, sub)
    if call.request.query.get("avoid_linking") == "true" or earlier not in call.cronofy.accounts:
        return sub
    moved: list[Profile] = call.cronofy.profiles_of(sub)
    for profile in moved:
        profile.sub = earlier
    return earlier


def _back(call: Call, **answer: str) -> web.Response:
    """Send the browser back to the application; the state goes with it, unaltered."""
    query = call.request.query
    target = query["redirect_uri"]
    if "state" in query:
        answer["state"] = query["state"]
    glue = "&" if "?" in target else "?"
    return web.Response(status=302, headers={"Location": target + glue + urlencode(answer)})


def _page(call: Call, application: Application) -> str:
    scopes = "".join(f"<li>{escape(name)}</li>" for name in call.request.query["scope"].split())
    people = "".join(
        f'<p><button name="sub" value="{escape(account.sub)}">'
        f"Continue as {escape(account.name or account.sub)}</button></p>"
        for account in call.cronofy.accounts.values()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox calendar</title>'
        f"</head><body><h1>{escape(application.name)} asks for access</h1><ul>{scopes}</ul>"
        f'<form method="post" action="{escape(call.request.path_qs)}">{people}'
        '<p><button name="sub" value="">Do not allow</button></p></form></body></html>'
    )
