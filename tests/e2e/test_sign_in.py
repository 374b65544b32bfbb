"""Sign-in by button, in a real browser, with the product as a process of its own."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, CARL, Colleague
from bot.sandbox.cronofy.model import SANDBOX_APPLICATION
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, BORIS_ACCOUNT, BORIS_TALK
from tests.e2e.chromium import chromium, shoot
from tests.e2e.world import CLIENT_SECRET, TOKEN, World, world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PHONE = ViewportSize(width=360, height=740)


async def links(w: World, who: Colleague, *, count: int) -> tuple[str, str]:
    """Ask for /link; the addresses of its two buttons."""
    w.tg.says(w.user(who), "/link")
    messages = await w.tg.wait_for(
        lambda: [m for m in w.messages(who) if m.buttons and m.buttons[0][0].url][count - 1 :],
        timeout=20,
    )
    first, second = (row[0].url for row in messages[-1].buttons)
    assert first is not None
    assert second is not None
    return first, second


async def sign_in_at_the_portal(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Go on to Bitrix24").click()
    await page.get_by_label(name).check()
    await page.get_by_role("button", name="Allow", exact=True).click()


async def test_a_newcomer_links_both_and_then_acts_as_themselves(tmp_path: Path) -> None:
    async with world(tmp_path, sign_in=True) as w, chromium() as browser:
        await w.start()
        bitrix24, cronofy = await links(w, ANN, count=1)
        page = await browser.new_page(viewport=PHONE, color_scheme="light")

        await page.goto(bitrix24)
        await expect(page.get_by_role("heading")).to_have_text("Link Bitrix24?")
        await expect(page.get_by_text("Ann (@ann)")).to_be_visible()
        await shoot(page, "sign-in-1-offer")
        await sign_in_at_the_portal(page, "Ann Hill")
        await expect(page.get_by_role("heading")).to_contain_text("act in your name?")
        await shoot(page, "sign-in-2-question")
        await page.get_by_role("button", name="Yes, link it").click()
        await expect(page.get_by_role("heading")).to_have_text("Linked")
        await shoot(page, "sign-in-3-done")
        assert await page.get_by_role("link").get_attribute("href")
        await w.heard("Linked: Bitrix24")

        await page.goto(cronofy)
        await page.get_by_role("button", name="Go on to Cronofy").click()
        await page.get_by_role("button", name="Continue as Борис").click()
        await page.get_by_role("button", name="Yes, link it").click()
        await expect(page.get_by_role("heading")).to_have_text("Linked")

        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("Accepted: Sprint review")
        w.tg.says(w.user(ANN), f"/accept {BORIS_TALK}")
        await w.tg.wait_for(lambda: w.cronofy.writes(BORIS_TALK), timeout=20)
        pasted = w.portal.webhook_path(CARL.user_id)
        w.tg.says(w.user(CARL), f"/link {w.portal_url}{pasted}")
        await w.heard("Linked: Bitrix24", CARL)
        w.tg.says(w.user(CARL), ANN_ACCOUNT.personal_token)
        await w.heard("Linked: Cronofy", CARL)
        w.tg.says(w.user(CARL), f"I keep it here: {w.portal_url}{pasted}")
        await w.heard("That looks like a key", CARL)
        assert await w.stop() == 0

        assert w.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
        _nothing_secret_is_kept_or_logged(w, CARL.webhook_code, ANN_ACCOUNT.personal_token)


def _nothing_secret_is_kept_or_logged(w: World, *pasted: str) -> None:
    """Done after a stop, when everything is in the files."""
    secrets = [*pasted, CLIENT_SECRET, SANDBOX_APPLICATION.secrets[0], TOKEN]
    secrets += [token for token in w.portal.tokens if w.portal.tokens[token].client_id]
    secrets += w.portal.oauth.secrets()
    secrets += w.cronofy.grants.secrets(BORIS_ACCOUNT.sub)
    assert len(secrets) >= 9
    files = [path for path in w.folder.iterdir() if path.name.startswith("bot.db")]
    assert w.database in files
    kept = b"".join(path.read_bytes() for path in files) + w.logged().encode()
    for secret in secrets:
        assert secret.encode() not in kept


async def test_by_keyboard_in_russian_in_the_dark(tmp_path: Path) -> None:
    async with world(tmp_path, sign_in=True) as w, chromium() as browser:
        w.portal.quirks.language = "ru"
        await w.start()
        bitrix24, _ = await links(w, BORIS, count=1)
        page = await browser.new_page(viewport=PHONE, color_scheme="dark")

        await page.goto(bitrix24)
        await expect(page.get_by_role("heading")).to_have_text("Подключить Битрикс24?")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button")).to_be_focused()
        await shoot(page, "sign-in-1-offer-ru-dark")
        await page.keyboard.press("Enter")
        await page.get_by_label("Борис").check()
        await page.get_by_role("button", name="Разрешить").click()
        await expect(page.get_by_role("heading")).to_contain_text(
            "будет действовать от вашего имени"
        )
        await shoot(page, "sign-in-2-question-ru-dark")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading")).to_have_text("Подключено")
        await w.heard("✅ Подключено: Битрикс24", BORIS)


async def test_another_browser_is_told_and_starts_again(tmp_path: Path) -> None:
    async with world(tmp_path, sign_in=True) as w, chromium() as browser:
        await w.start()
        bitrix24, _ = await links(w, ANN, count=1)
        back = await _address_on_the_way_back(browser, bitrix24)

        page = await (await browser.new_context(viewport=PHONE)).new_page()
        await page.goto(back)
        await expect(page.get_by_role("heading")).to_have_text("This is another browser")
        await shoot(page, "sign-in-other-browser")
        await page.get_by_role("button", name="Start again").click()
        await sign_in_at_the_portal(page, "Ann Hill")
        await page.get_by_role("button", name="No", exact=True).click()
        await expect(page.get_by_role("heading")).to_have_text("Nothing was linked")
        await shoot(page, "sign-in-nothing-linked")
        w.tg.says(w.user(ANN), f"/accept {SPRINT_REVIEW}")
        await w.heard("You have no Bitrix24 account here")


async def _address_on_the_way_back(browser: Browser, link: str) -> str:
    """Sign in, but stop right before the browser comes back."""
    page = await (await browser.new_context()).new_page()
    await page.goto(link)
    await page.get_by_role("button", name="Go on to Bitrix24").click()
    await page.get_by_label("Ann Hill").wait_for()
    form: dict[str, str | float | bool] = {"user_id": str(ANN.user_id), "answer": "yes"}
    answer = await page.context.request.post(page.url, form=form, max_redirects=0)
    return answer.headers["location"]
