"""A real browser without a window."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

ARTIFACTS = Path(__file__).parent.parent.parent / ".artifacts"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips the test where there is none; on CI there has to be one."""
    found = [path for name in _NAMES if (path := shutil.which(name)) is not None]
    if not found:
        assert not os.environ.get("CI"), "Chromium is not installed"
        pytest.skip("Chromium is not installed")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found[0], args=[*sandbox, *_QUIET]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def shoot(page: Page, name: str) -> None:
    """Keep a picture of the whole page."""
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)
