"""Which browser it is, and that a form came from a page of ours.

The cookie is a random name for the browser, nothing else. A form carries a hash of it, which no
other site can know (the cookie is HttpOnly and stays away from foreign POSTs: SameSite=Lax).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.web.bodies import read_body

_LIFE = 3600
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class BrowserCookie:
    """Names a browser.

    Args:
        secure: PUBLIC_URL is https; the cookie then belongs to this very host and nothing else.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._name = "__Host-rsvp" if secure else "rsvp"

    def read(self, request: web.Request) -> str:
        """The browser's name; empty if it has none of ours."""
        value = request.cookies.get(self._name, "")
        return value if _VALUE.fullmatch(value) else ""

    def keep(self, response: web.StreamResponse, browser: str) -> None:
        """Let the browser keep its name."""
        response.set_cookie(
            self._name,
            browser,
            max_age=_LIFE,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )


def new_browser() -> str:
    """A name for a browser that has none."""
    return secrets.token_urlsafe(32)


def form_token(browser: str, page: str) -> str:
    """What a form on that page carries in that browser."""
    return hashlib.sha256(f"form {page} {browser}".encode()).hexdigest()


def came_from_us(browser: str, page: str, token: object) -> bool:
    """Whether a form was made by us for this browser."""
    wanted = form_token(browser, page).encode()
    given = token.encode() if isinstance(token, str) else b""
    return bool(browser) and hmac.compare_digest(wanted, given)


async def read_form(request: web.Request) -> Mapping[str, object]:
    """The fields of a form; none if what was sent is no form that can be read."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    await read_body(request)
    try:
        return dict(await request.post())
    except (ValueError, LookupError):
        return {}


def security_headers(form_targets: Sequence[str]) -> dict[str, str]:
    """For every page: no script at all, no frame, no trace in caches or in others' logs.

    `form_targets` are where a form may lead beside ourselves: a browser follows the policy also
    when the answer to the form is a redirect.
    https://www.w3.org/TR/CSP3/#directive-form-action
    """
    policy = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src data:",
        " ".join(["form-action 'self'", *form_targets]),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
