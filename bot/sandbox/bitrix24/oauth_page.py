"""The portal's page on which somebody allows an application to act for them.

Where the browser goes afterwards and what is allowed stands in the application's card, so neither
is a parameter, and whatever goes wrong is told here: the application hears nothing of it.
https://apidocs.bitrix24.com/settings/oauth/index.html
"""

from html import escape
from urllib.parse import urlencode

from aiohttp import web

from bot.sandbox.bitrix24.errors import Text
from bot.sandbox.bitrix24.oauth_server import Consent
from bot.sandbox.bitrix24.records import Application
from bot.sandbox.bitrix24.state import Portal

PORTAL = web.AppKey("portal", Portal)
_PATH = "/oauth/authorize/"

_NO_APPLICATION = Text("Приложение не установлено", "The application is not installed")
_NOBODY = Text("Такого сотрудника нет", "There is no such employee")
_REFUSED = Text("Доступ не предоставлен", "Access was not granted")
_TITLE = Text("запрашивает доступ", "asks for access")
_WHO = Text("Кто вы?", "Who are you?")
_ALLOW = Text("Разрешить", "Allow")
_REFUSE = Text("Отказать", "Do not allow")
_COPY = Text("Скопируйте код в приложение", "Copy the code into the application")


def add_consent_page(app: web.Application) -> None:
    """Serve the page; the portal is the application's `PORTAL`."""
    app.router.add_get(_PATH, _ask, allow_head=False)
    app.router.add_post(_PATH, _decide)


async def _ask(request: web.Request) -> web.Response:
    portal = request.app[PORTAL]
    application = _application(request)
    if portal.consents_as is not None:
        return _allow(request, application, portal.consents_as)
    name = f"{application.name} {_say(portal, _TITLE)}"
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in sorted(application.scopes))
    people = "".join(
        f'<p><label><input type="radio" name="user_id" value="{user.user_id}" required> '
        f"{escape(f'{user.name} {user.last_name}'.strip())}</label></p>"
        for user in portal.users.values()
        if user.active
    )
    # Whoever refuses need not say who they are.
    form = (
        f'<form method="post" action="{escape(request.path_qs)}">'
        f"<fieldset><legend>{_say(portal, _WHO)}</legend>{people}</fieldset>"
        f'<button name="answer" value="yes">{_say(portal, _ALLOW)}</button> '
        f'<button name="answer" value="no" formnovalidate>{_say(portal, _REFUSE)}</button></form>'
    )
    return _page(portal, name, f"<ul>{scopes}</ul>{form}")


async def _decide(request: web.Request) -> web.Response:
    application = _application(request)
    form = await request.post()
    if form.get("answer") != "yes":
        return _failure(request.app[PORTAL], _REFUSED, status=403)
    user_id = str(form.get("user_id", ""))
    is_number = user_id.isascii() and user_id.isdecimal()
    return _allow(request, application, int(user_id) if is_number else 0)


def _application(request: web.Request) -> Application:
    portal = request.app[PORTAL]
    if portal.moved_to is not None:
        raise web.HTTPFound(portal.moved_to + request.path_qs)
    application = portal.applications.get(request.query.get("client_id", ""))
    if application is None:
        page = _failure(portal, _NO_APPLICATION, status=404)
        raise web.HTTPNotFound(text=page.text, content_type="text/html")
    return application


def _allow(request: web.Request, application: Application, user_id: int) -> web.Response:
    portal = request.app[PORTAL]
    consent = Consent(
        portal=portal,
        portal_url=str(request.url.origin()),
        client_id=application.client_id,
        user_id=user_id,
    )
    if not consent.stands:
        return _failure(portal, _NOBODY, status=403)
    code = portal.oauth.give_code(consent)
    target = application.redirect_uri
    if not target:
        return _page(portal, application.name, f"{_say(portal, _COPY)}: <code>{code}</code>")
    answer = {
        "code": code,
        **({"state": request.query["state"]} if "state" in request.query else {}),
        "domain": request.host,
        "member_id": portal.member_id,
        "scope": ",".join(sorted(application.scopes)),
        "server_domain": portal.oauth.quirks.server_domain,
    }
    glue = "&" if "?" in target else "?"
    return web.Response(status=302, headers={"Location": target + glue + urlencode(answer)})


def _failure(portal: Portal, text: Text, *, status: int) -> web.Response:
    page = _page(portal, _say(portal, text), "")
    page.set_status(status)
    return page


def _page(portal: Portal, title: str, content: str) -> web.Response:
    """A page; the title is text, the content is markup."""
    title = escape(title)
    return web.Response(
        text=f'<!doctype html><html lang="{escape(portal.quirks.language)}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title></head><body><h1>{title}</h1>{content}</body></html>",
        content_type="text/html",
        headers={"Cache-Control": "no-store"},
    )


def _say(portal: Portal, text: Text) -> str:
    return text.russian if portal.quirks.language == "ru" else text.english
