"""A browser without pictures: keeps cookies, follows links, sends forms."""

import re
from dataclasses import dataclass
from html import unescape
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a browser shows."""

    url: str
    status: int
    headers: dict[str, str]
    html: str

    @property
    def text(self) -> str:
        """The words on it, one space between them."""
        body = re.sub(r"<head>.*?</head>", "", self.html, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def title(self) -> str:
        match = re.search(r"<h1>(.*?)</h1>", self.html, flags=re.DOTALL)
        assert match is not None, self.html
        return unescape(re.sub(r"<[^>]+>", "", match.group(1)))

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of its form."""
        pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.html)
        return {name: unescape(value) for name, value in pairs}

    def link(self) -> str:
        """Where its one link leads."""
        (href,) = re.findall(r'<a [^>]*href="([^"]+)"', self.html)
        return unescape(href)


class Browser:
    """One person's browser."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def open(self, url: str, *, method: str = "GET", follow: bool = True) -> Page:
        return await self._go(method, url, None, follow=follow)

    async def send(self, page: Page, *, follow: bool = True, **fields: str) -> Page:
        """Send the form on a page, with its hidden fields unless told otherwise."""
        action = re.search(r'<form [^>]*action="([^"]+)"', page.html)
        url = page.url if action is None else urljoin(page.url, unescape(action.group(1)))
        return await self._go("POST", url, page.fields | fields, follow=follow)

    async def post(self, url: str, body: bytes, kind: str) -> Page:
        """Send whatever, as no form would."""
        headers = {"Content-Type": kind}
        async with self._session.post(url, data=body, headers=headers) as response:
            return Page(
                url=str(response.url),
                status=response.status,
                headers=dict(response.headers),
                html=await response.text(),
            )

    async def _go(
        self, method: str, url: str, form: dict[str, str] | None, *, follow: bool
    ) -> Page:
        async with self._session.request(
            method, url, data=form, allow_redirects=follow
        ) as response:
            page = Page(
                url=str(response.url),
                status=response.status,
                headers=dict(response.headers),
                html=await response.text(),
            )
        onward = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.html)
        if follow and onward is not None:
            return await self._go("GET", unescape(onward.group(1)), None, follow=True)
        return page
