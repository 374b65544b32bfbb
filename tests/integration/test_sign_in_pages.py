"""Sign-in by button: pages, steps, and everything that must not link anything."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.domain.journal import ChangeKind
from bot.domain.providers import Provider
from bot.sandbox.company import ANN, BORIS, MARIA
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, BORIS_ACCOUNT
from bot.sandbox.faults import Fault, FaultRule
from bot.web.browser import form_token
from tests.fakes.bot import identity_of, plain
from tests.fakes.browser import Browser, Page
from tests.integration.sign_in_office import Office, button_url, sign_in_office


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with sign_in_office() as opened:
        yield opened


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with Browser() as opened:
        yield opened


async def linked(office: Office) -> list[tuple[str, str]]:
    """Everybody who has something linked, with the name at the provider."""
    return [
        (person.name, account.name)
        for person in (ANN, BORIS, MARIA)
        for account in await office.bot.book.accounts_of(identity_of(person))
    ]


async def back_from_portal(office: Office, browser: Browser, user_id: int) -> Page:
    """The portal's answer to a consent, not yet followed."""
    offer = await browser.open(await office.link("Bitrix24"))
    consent = await browser.send(offer)
    return await browser.send(consent, follow=False, user_id=str(user_id), answer="yes")


async def test_from_the_chat_to_the_portal_and_back_then_the_command_acts_as_that_person(
    office: Office, browser: Browser
) -> None:
    offer = await browser.open(await office.link("Bitrix24"))
    assert offer.title == "Link Bitrix24?"
    assert "Ann Hill (7) asked for this in Telegram." in offer.text
    consent = await browser.send(offer)
    assert consent.url.startswith(office.bot.portal_url)
    question = await office.consent(browser, consent, "Bitrix24", str(ANN.user_id))
    assert question.title == "May Ann Hill (7) act in your name?"
    assert "You, Ann Hill at 127.0.0.1" in question.text
    assert await linked(office) == []

    done = await browser.send(question, answer="yes")

    assert (done.status, done.title) == (200, "Linked")
    assert done.link() == "https://t.me/acme_rsvp_bot?start=me"
    assert await linked(office) == [("Ann", "Ann Hill")]
    (reply,) = await office.bot.say("/accept 651")
    assert plain(reply.text).startswith("✅ Accepted: Sprint review")
    assert office.bot.portal.status_of(651, ANN.user_id) == "Y"


async def test_the_message_with_the_link_says_what_was_linked(
    office: Office, browser: Browser
) -> None:
    question = await office.to_question(browser, "Bitrix24", signs_in=str(ANN.user_id))
    message_id, offered = office.bot.chat.posted[-1]

    await browser.send(question, answer="yes")

    edited = office.bot.chat.shown[message_id]
    assert edited.edits == message_id
    assert edited.reply.said == ("link.done", "link.rights", "link.next")
    assert edited.reply.buttons == ()
    assert offered.reply.buttons != ()


async def test_cronofy_the_same_way(office: Office, browser: Browser) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)
    assert "let Telegram user Ann Hill (7) answer invitations in your name" in question.text

    await browser.send(question, answer="yes")

    (account,) = await office.bot.book.accounts_of(identity_of(ANN))
    assert (account.provider, account.subject) == (Provider.CRONOFY, BORIS_ACCOUNT.sub)
    assert set(account.scopes) == {"read_events", "change_participation_status"}


async def test_another_time_zone_at_the_provider_is_told_with_the_command_to_take_it(
    office: Office, browser: Browser
) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)
    message_id, _ = office.bot.chat.posted[-1]

    await browser.send(question, answer="yes")

    edited = office.bot.chat.shown[message_id].reply
    assert edited.said == ("link.done", "link.rights", "link.next", "tz.told", "tz.take_command")
    assert "<code>/tz Europe/Moscow</code>" in edited.text
    assert edited.buttons == ()


async def test_pages_speak_the_language_of_whoever_asked(office: Office, browser: Browser) -> None:
    offer = await browser.open(await office.link("Bitrix24", who=BORIS, language="ru"))

    assert offer.title == "Подключить Битрикс24?"
    assert '<html lang="ru">' in offer.html


async def test_looking_at_a_link_changes_nothing(office: Office, browser: Browser) -> None:
    link = await office.link("Bitrix24")
    async with Browser() as preview:
        for method in ("GET", "HEAD", "GET"):
            assert (await preview.open(link, method=method)).status == 200

    consent = await browser.send(await browser.open(link))
    question = await office.consent(browser, consent, "Bitrix24", str(ANN.user_id))
    async with Browser() as preview:
        assert (await preview.open(question.url)).status == 403
    for _ in range(2):
        assert (await browser.open(question.url)).title == question.title
    assert await linked(office) == []


async def test_no_at_the_last_question_keeps_nothing(office: Office, browser: Browser) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)
    consents = office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub)

    refused = await browser.send(question, answer="no")

    assert refused.title == "Nothing was linked"
    assert await linked(office) == []
    assert office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub) == consents - 1
    assert office.bot.chat.posted[-1][1].reply.said == ("link.dropped",)
    assert (await browser.send(question, answer="yes")).status == 410
    assert await linked(office) == []


async def test_whoever_never_answers_keeps_nothing_and_the_consent_is_ended(
    office: Office, browser: Browser
) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)
    consents = office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub)

    office.bot.clock.advance(11 * 60)
    await office.bot.sign_ins.sweep()

    assert office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub) == consents - 1
    late = await browser.send(question, answer="yes")
    assert (late.status, await linked(office)) == (410, [])


async def test_a_refusal_at_the_provider_is_told(office: Office, browser: Browser) -> None:
    consent = await browser.send(await browser.open(await office.link("Cronofy")))

    refused = await browser.send(consent, sub="")

    assert refused.title == "Nothing was linked"
    assert "You did not give your permission at Cronofy." in refused.text
    assert office.bot.chat.posted[-1][1].reply.said == ("link.dropped",)


async def test_a_link_is_too_old_after_ten_minutes(office: Office, browser: Browser) -> None:
    link = await office.link("Bitrix24")
    offer = await browser.open(link)
    office.bot.clock.advance(10 * 60 + 1)

    assert (await browser.open(link)).title == "This link is too old"
    assert (await browser.send(offer)).status == 410


async def test_a_link_that_nobody_made_leads_nowhere(office: Office, browser: Browser) -> None:
    for path in ("/link/nonsense", "/link/confirm/nonsense", "/oauth/bitrix24", "/oauth/unknown"):
        page = await browser.open(office.url + path)
        assert (page.status, page.title) == (404, "This link leads nowhere"), path


async def test_a_state_works_once(office: Office, browser: Browser) -> None:
    back = await back_from_portal(office, browser, ANN.user_id)
    first = await browser.open(back.headers["Location"])
    exchanges = office.bot.portal.oauth.exchanges

    again = await browser.open(back.headers["Location"])

    assert first.title.startswith("May ")
    assert (again.status, again.title) == (410, "This link was used already")
    assert office.bot.portal.oauth.exchanges == exchanges


async def test_two_returns_at_the_same_instant_exchange_one_code(
    office: Office, browser: Browser
) -> None:
    back = await back_from_portal(office, browser, ANN.user_id)

    pages = await asyncio.gather(*(browser.open(back.headers["Location"]) for _ in range(5)))

    assert sorted(page.status for page in pages) == [200, 410, 410, 410, 410]
    assert office.bot.portal.oauth.exchanges == 1


async def test_a_return_without_state_or_with_anothers_is_refused(
    office: Office, browser: Browser
) -> None:
    back = await back_from_portal(office, browser, ANN.user_id)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    code = query["code"][0]
    async with Browser() as other:
        theirs = await other.send(
            await other.open(await office.link("Bitrix24", who=BORIS)), follow=False
        )
    their_state = parse_qs(urlsplit(theirs.link()).query)["state"][0]

    without = await browser.open(f"{office.url}/oauth/bitrix24?code={code}")
    anothers = await browser.open(f"{office.url}/oauth/bitrix24?code={code}&state={their_state}")
    elsewhere = await browser.open(
        f"{office.url}/oauth/cronofy?code={code}&state={query['state'][0]}"
    )

    assert (without.status, elsewhere.status) == (404, 404)
    assert (anothers.status, anothers.title) == (403, "This is another browser")
    assert office.bot.portal.oauth.exchanges == 0


async def test_another_browser_exchanges_nothing_and_may_start_again(
    office: Office, browser: Browser
) -> None:
    back = await back_from_portal(office, browser, ANN.user_id)
    async with Browser() as other:
        refused = await other.open(back.headers["Location"])
        assert (refused.status, office.bot.portal.oauth.exchanges) == (403, 0)

        again = await other.send(refused)
        assert again.title == "Link Bitrix24?"
        consent = await other.send(again)
        question = await office.consent(other, consent, "Bitrix24", str(ANN.user_id))
        assert (await other.send(question, answer="yes")).title == "Linked"


async def test_the_last_question_is_answered_in_the_browser_that_began(
    office: Office, browser: Browser
) -> None:
    question = await office.to_question(browser, "Bitrix24", signs_in=str(ANN.user_id))

    async with Browser() as other:
        assert (await other.open(question.url)).status == 403
        assert (await other.send(question, answer="yes")).status == 403

    assert await linked(office) == []


async def test_whoever_is_sent_somebody_elses_link_reads_who_asked_and_says_no(
    office: Office, browser: Browser
) -> None:
    """Maria is signed in at the portal; Boris sends her his own link."""
    office.bot.portal.consents_as = MARIA.user_id
    offer = await browser.open(await office.link("Bitrix24", who=BORIS))
    assert "Борис Орлов (1) asked for this in Telegram." in offer.text

    question = await browser.send(offer)

    assert question.title == "May Борис Орлов (1) act in your name?"
    assert MARIA.name in question.text
    assert await linked(office) == []
    await browser.send(question, answer="no")
    assert await linked(office) == []


async def test_a_code_that_comes_too_late_is_told(office: Office, browser: Browser) -> None:
    back = await back_from_portal(office, browser, ANN.user_id)
    office.bot.clock.advance(31)

    late = await browser.open(back.headers["Location"])

    assert late.title == "Nothing was linked"
    assert await linked(office) == []
    assert office.bot.chat.posted[-1][1].reply.said == ("link.failed",)


async def test_a_cronofy_account_has_one_owner(office: Office, browser: Browser) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=ANN_ACCOUNT.sub)
    await browser.send(question, answer="yes")
    consents = office.bot.cronofy.grants.standing(ANN_ACCOUNT.sub)

    refused = await office.to_question(browser, "Cronofy", asker=BORIS, signs_in=ANN_ACCOUNT.sub)

    assert refused.title == "Nothing was linked"
    assert "Somebody else has linked this calendar" in refused.text
    assert await linked(office) == [("Ann", "Ann Hill")]
    # Ending the second consent at the provider would end the first one with it.
    assert office.bot.cronofy.grants.standing(ANN_ACCOUNT.sub) == consents + 1


async def test_of_two_people_with_one_calendar_the_first_to_confirm_has_it(
    office: Office, browser: Browser
) -> None:
    anns = await office.to_question(browser, "Cronofy", signs_in=ANN_ACCOUNT.sub)
    boris = await office.to_question(browser, "Cronofy", asker=BORIS, signs_in=ANN_ACCOUNT.sub)

    assert (await browser.send(anns, answer="yes")).title == "Linked"
    assert (await browser.send(boris, answer="yes")).status == 403
    assert await linked(office) == [("Ann", "Ann Hill")]


@pytest.mark.parametrize("mode", ["google_free_busy", "ms_graph_free_busy"])
async def test_a_calendar_that_shows_no_invitations_is_not_linked(
    office: Office, browser: Browser, mode: str
) -> None:
    for profile in office.bot.cronofy.profiles_of(BORIS_ACCOUNT.sub):
        profile.provider_name = mode

    refused = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)

    assert "free or busy only" in refused.text
    assert await linked(office) == []


@pytest.mark.parametrize("token", ["", "0" * 64, form_token("a" * 43, "page")])
async def test_a_form_that_is_not_ours_does_nothing(
    office: Office, browser: Browser, token: str
) -> None:
    offer = await browser.open(await office.link("Bitrix24"))

    assert (await browser.send(offer, csrf=token, follow=False)).status == 403

    consent = await browser.send(offer)
    question = await office.consent(browser, consent, "Bitrix24", str(ANN.user_id))
    assert (await browser.send(question, csrf=token, answer="yes")).status == 403
    assert await linked(office) == []


async def test_without_the_cookie_no_form_is_taken(office: Office, browser: Browser) -> None:
    offer = await browser.open(await office.link("Bitrix24"))

    async with Browser() as without:
        page = await without.send(offer, follow=False)

    assert (page.status, page.title) == (403, "Cookies are needed")


async def test_pages_carry_the_headers_that_keep_them_to_themselves(
    office: Office, browser: Browser
) -> None:
    offer = await browser.open(await office.link("Cronofy"))
    question = await office.to_question(browser, "Bitrix24", signs_in=str(ANN.user_id))
    lost = await browser.open(office.url + "/link/nonsense")

    for page in (offer, question, lost):
        policy = page.headers["Content-Security-Policy"]
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert "<script" not in page.html
    cookie = offer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    (cronofy,) = office.bot.sign_ins.consents[Provider.CRONOFY].pages
    assert f"form-action 'self' {cronofy};" in offer.headers["Content-Security-Policy"]


async def test_under_https_the_cookie_is_for_https_and_this_very_host(browser: Browser) -> None:
    public_url = "https://rsvp.example.com"
    async with sign_in_office(public_url=public_url) as office:
        link = await office.link("Bitrix24")
        offer = await browser.open(link.replace(public_url, office.url))

    name, _, rest = offer.headers["Set-Cookie"].partition("=")
    attributes = {word.strip() for word in rest.split(";")[1:]}
    assert link.startswith(f"{public_url}/link/")
    assert name == "__Host-rsvp"
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    # With a domain a browser would not keep it under that name.
    assert not [word for word in attributes if word.startswith("Domain")]


async def test_names_are_words_and_not_markup(office: Office, browser: Browser) -> None:
    user = office.bot.portal.users[ANN.user_id]
    user.name, user.last_name = "<script>alert(1)</script>", "&amp;"

    question = await office.to_question(browser, "Bitrix24", signs_in=str(ANN.user_id))

    assert "<script" not in question.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;" in question.html


async def test_an_application_for_many_portals_asks_for_the_address(browser: Browser) -> None:
    async with sign_in_office(many_portals=True) as office:
        offer = await browser.open(await office.link("Bitrix24"))
        assert "Address of your portal" in offer.text

        unknown = await browser.send(offer, portal="portal.example")
        assert unknown.status == 400
        assert 'value="portal.example"' in unknown.html
        assert 'role="alert"' in unknown.html

        consent = await browser.send(unknown, portal=office.bot.portal_url)
        question = await office.consent(browser, consent, "Bitrix24", str(ANN.user_id))
        await browser.send(question, answer="yes")

        (account,) = await office.bot.book.accounts_of(identity_of(ANN))
        assert account.subject == f"{office.bot.portal.member_id}/{ANN.user_id}"


async def test_the_journal_tells_of_links_made_in_a_browser_and_in_the_chat(
    office: Office, browser: Browser
) -> None:
    question = await office.to_question(browser, "Bitrix24", signs_in=str(ANN.user_id))
    await browser.send(question, answer="yes")
    await office.bot.say(f"/link {BORIS_ACCOUNT.personal_token}")
    await office.bot.say("/unlink")
    await office.bot.press("Forget Cronofy: Борис Орлов, boris@acme.example (token)")

    changes = await office.bot.store.changes_of(identity_of(ANN))

    assert [(change.kind, change.conversation is None) for change in changes] == [
        (ChangeKind.UNLINK, False),
        (ChangeKind.LINK, False),
        (ChangeKind.LINK, True),
    ]


async def test_who_is_forgotten_leaves_no_consent_behind(office: Office, browser: Browser) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)
    consents = office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub)

    await office.bot.sign_ins.drop_all(identity_of(ANN))

    assert office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub) == consents - 1
    assert (await browser.send(question, answer="yes")).status == 410
    assert await linked(office) == []


async def test_what_was_granted_and_then_cannot_be_looked_into_is_ended(
    office: Office, browser: Browser
) -> None:
    consents = office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub)
    office.bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, operation="userinfo", times=None))

    failed = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)

    assert failed.title == "Nothing was linked"
    assert office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub) == consents
    assert office.bot.chat.posted[-1][1].reply.said == ("link.failed",)


async def test_a_consent_that_could_not_be_ended_is_ended_later(
    office: Office, browser: Browser
) -> None:
    question = await office.to_question(browser, "Cronofy", signs_in=BORIS_ACCOUNT.sub)
    consents = office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub)
    faults = office.bot.cronofy.faults
    faults.add(FaultRule(fault=Fault.HTML_502, operation="oauth_revoke", times=None))
    refused = await browser.send(question, answer="no")
    assert refused.title == "Nothing was linked"
    assert office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub) == consents

    faults.clear()
    office.bot.clock.advance(11 * 60)
    await office.bot.sign_ins.sweep()

    assert office.bot.cronofy.grants.standing(BORIS_ACCOUNT.sub) == consents - 1


async def test_looking_at_the_way_back_uses_nothing_up(office: Office, browser: Browser) -> None:
    back = await back_from_portal(office, browser, ANN.user_id)
    async with Browser() as scanner:
        for method in ("HEAD", "GET"):
            assert (await scanner.open(back.headers["Location"], method=method)).status >= 400

    assert (await browser.open(back.headers["Location"], method="HEAD")).status == 405

    question = await browser.open(back.headers["Location"])

    assert question.title == "May Ann Hill (7) act in your name?"


@pytest.mark.parametrize(
    "portal",
    [
        "evil%2eexample\\.bitrix24.com",
        "a\0b.bitrix24.com",
        "*.bitrix24.com",
        "a b.bitrix24.com",
        "https://acme.bitrix24.com@evil.example",
        "bitrix24.com.evil.example",
        "",
    ],
)
async def test_what_is_no_portal_leads_nowhere(browser: Browser, portal: str) -> None:
    async with sign_in_office(many_portals=True) as office:
        offer = await browser.open(await office.link("Bitrix24"))

        refused = await browser.send(offer, follow=False, portal=portal)

        assert refused.status == 400
        assert "http-equiv" not in refused.html


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"csrf=\xff\xfe", "application/x-www-form-urlencoded"),
        ("csrf=é".encode(), "application/x-www-form-urlencoded; charset=utf-8"),
        (b"csrf=1", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"", "text/plain"),
    ],
)
async def test_a_form_that_nobody_can_read_is_none_of_ours(
    office: Office, browser: Browser, body: bytes, kind: str
) -> None:
    link = await office.link("Bitrix24")
    await browser.open(link)

    page = await browser.post(link, body, kind)

    assert (page.status, page.title) == (403, "Cookies are needed")


async def test_a_name_cannot_pass_for_another(office: Office, browser: Browser) -> None:
    sender = replace(
        identity_of(ANN), display_name="Maria (@maria)\u202e " + "x" * 300, handle="ann"
    )
    message = office.bot.chat.message(sender, "/link")
    await office.bot.dispatcher.receive([message])
    await office.bot.dispatcher.drain()
    reply = office.bot.chat.posted[-1][1].reply

    offer = await browser.open(button_url(reply, "Bitrix24"))

    assert "\u202e" not in offer.html
    assert "(@maria)" not in offer.text
    assert "… (@ann) asked for this" in offer.text


async def test_unlinking_says_what_still_stands_at_the_provider(
    office: Office, browser: Browser
) -> None:
    for provider, who in (("Bitrix24", str(ANN.user_id)), ("Cronofy", ANN_ACCOUNT.sub)):
        await browser.send(await office.to_question(browser, provider, signs_in=who), answer="yes")
    place = office.bot.portal_url.removeprefix("http://")
    consents = office.bot.cronofy.grants.standing(ANN_ACCOUNT.sub)

    await office.bot.say("/unlink")
    (portal,) = await office.bot.press(f"Forget Bitrix24: Ann Hill, {place} (signed in)")
    await office.bot.say("/unlink")
    (cronofy,) = await office.bot.press("Forget Cronofy: Ann Hill, ann@acme.example (signed in)")

    assert portal.said == ("unlink.done", "unlink.app_stands")
    assert cronofy.said == ("unlink.done", "unlink.ended_there")
    assert office.bot.cronofy.grants.standing(ANN_ACCOUNT.sub) == consents - 1
