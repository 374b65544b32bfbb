"""Pasted keys: what is linked by them, what is refused, and where they must never be seen."""

import logging
from collections.abc import AsyncIterator

import pytest

from bot.domain.accounts import AccountKind, AccountState
from bot.domain.providers import Provider
from bot.sandbox.bitrix24.records import User
from bot.sandbox.company import ANN, BORIS
from bot.sandbox.cronofy.seed import ANN_ACCOUNT, BORIS_ACCOUNT, QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, plain, running_bot


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """Nobody has linked anything."""
    async with running_bot(linked=()) as running:
        yield running


def webhook(bot: Bot, user_id: int = ANN.user_id) -> str:
    return bot.portal_url + bot.portal.webhook_path(user_id)


async def kept_texts(bot: Bot) -> str:
    """What the store holds of her messages."""
    messages = await bot.store.messages_of(identity_of(ANN))
    assert messages
    return "\n".join(message.text for message in messages)


async def kinds(bot: Bot) -> list[AccountKind]:
    return [account.kind for account in await bot.book.accounts_of(identity_of(ANN))]


async def test_a_pasted_webhook_is_linked_and_acts_as_its_owner(bot: Bot) -> None:
    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert reply.said == ("link.done", "link.rights", "link.next", "link.deleted")
    assert plain(reply.text).startswith("✅ Linked: Bitrix24, 127.0.0.1")
    (account,) = await bot.book.accounts_of(identity_of(ANN))
    assert (account.name, account.scopes) == ("Ann Hill", ("calendar", "im"))
    await bot.say("/accept 651")
    assert bot.portal.status_of(651, ANN.user_id) == "Y"


async def test_a_pasted_cronofy_token_likewise(bot: Bot) -> None:
    (reply,) = await bot.say(f"/link {ANN_ACCOUNT.personal_token}", language="ru")

    assert reply.said == ("link.done", "link.rights", "link.next", "link.deleted")
    await bot.say(f"/accept {QUARTERLY}")
    assert bot.cronofy.status_of(QUARTERLY) == "accepted"


@pytest.mark.parametrize(
    "words", ["{}", "  {}\n", "/link   {}", "/LINK@acme_rsvp_bot {}", "/link {}profile.json"]
)
async def test_the_message_with_the_key_is_deleted_and_kept_nowhere(
    bot: Bot, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = webhook(bot)
    with caplog.at_level(logging.DEBUG):
        (reply,) = await bot.say(words.format(key))

    assert reply.said[-1] == "link.deleted"
    assert len(bot.chat.deleted_of_others) == 1
    assert await kinds(bot) == [AccountKind.WEBHOOK]
    code = key.rstrip("/").rpartition("/")[2]
    assert code not in await kept_texts(bot)
    assert code not in caplog.text


async def test_another_time_zone_at_the_provider_is_offered_once_by_button(bot: Bot) -> None:
    bot.portal.users[ANN.user_id].timezone = "Europe/Kiev"

    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert reply.said == ("link.done", "link.rights", "link.next", "tz.told", "link.deleted")
    assert "Bitrix24 says that your time zone is Europe/Kyiv." in plain(reply.text)
    (taken,) = await bot.press("Use Europe/Kyiv")
    assert taken.said == ("tz.done",)
    (again,) = await bot.say(f"/link {webhook(bot)}")
    assert "tz.told" not in again.said


@pytest.mark.parametrize("told", ["Mars/Olympus", "", "Etc/GMT-3"])
async def test_a_zone_that_nobody_lives_in_is_not_offered(bot: Bot, told: str) -> None:
    bot.portal.users[ANN.user_id].timezone = told

    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert reply.said == ("link.done", "link.rights", "link.next", "link.deleted")


async def test_cronofys_zone_is_offered_likewise(bot: Bot) -> None:
    (reply,) = await bot.say(f"/link {BORIS_ACCOUNT.personal_token}")

    assert "Cronofy says that your time zone is Europe/Moscow." in plain(reply.text)


async def test_a_message_that_cannot_be_deleted_is_to_be_deleted_by_its_writer(bot: Bot) -> None:
    bot.chat.undeletable = True

    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert reply.said == ("link.done", "link.rights", "link.next", "link.delete_it")


async def test_in_a_group_a_key_is_deleted_and_not_used(bot: Bot) -> None:
    (reply,) = await bot.say(f"/link {webhook(bot)}", group="-100")

    assert reply.said == ("link.in_group", "link.deleted", "group.go_private")
    assert [button.url for row in reply.buttons for button in row] == [
        "https://t.me/acme_rsvp_bot?start=link"
    ]
    assert len(bot.chat.deleted_of_others) == 1
    assert await kinds(bot) == []


async def test_a_webhook_among_other_words_is_not_linked_and_not_kept(bot: Bot) -> None:
    key = webhook(bot)

    (reply,) = await bot.say(f"/status 651 {key}")

    assert reply.said == ("key.seen",)
    assert await kinds(bot) == []
    assert await kept_texts(bot) == "/status 651 …"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://acme.bitrix24.com/rest/1/abcdef0123456789/", "link.address_not_https"),
        ("https://10.0.0.7/rest/1/abcdef0123456789/", "link.address_unknown"),
        ("https://169.254.169.254/rest/1/abcdef0123456789/", "link.address_unknown"),
        ("https://[::1]/rest/1/abcdef0123456789/", "link.address_unknown"),
        ("https://localhost/rest/1/abcdef0123456789/", "link.address_unknown"),
        ("https://bitrix24.com.evil.example/rest/1/abcdef0123456789/", "link.address_unknown"),
        ("https://a:b@acme.bitrix24.com/rest/1/abcdef0123456789/", "link.address_malformed"),
        ("https://acme.bitrix24.com:99999/rest/1/abcdef0123456789/", "link.address_malformed"),
        ("https://acme.bitrix24.com/", "link.not_recognised"),
        ("hello", "link.not_recognised"),
    ],
)
async def test_an_address_that_is_not_to_be_talked_to_is_refused_unasked(
    bot: Bot, address: str, said: str
) -> None:
    (reply,) = await bot.say(f"/link {address}")

    assert reply.said == (said, "link.deleted")
    assert await kinds(bot) == []


async def test_a_host_that_sends_elsewhere_is_not_followed_to_a_place_that_is_not_allowed(
    bot: Bot,
) -> None:
    bot.portal.moved_to = "http://10.1.2.3"

    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert "link.done" not in reply.said
    assert await kinds(bot) == []


async def test_a_webhook_without_permissions_is_refused_with_their_names(bot: Bot) -> None:
    user = bot.portal.users[ANN.user_id]
    user.scopes = frozenset({"calendar"})

    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert reply.said == ("link.missing_rights", "link.deleted")
    assert "im" in plain(reply.text)
    assert await kinds(bot) == []


async def test_a_key_that_the_portal_does_not_know_is_refused(bot: Bot) -> None:
    (reply,) = await bot.say(f"/link {bot.portal_url}/rest/7/wrong0123456789/")

    assert reply.said == ("link.refused", "link.deleted")
    assert await kinds(bot) == []


async def test_a_portal_that_fails_links_nothing_and_says_so(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.HTML_502, operation="batch", times=None))

    (reply,) = await bot.say(f"/link {webhook(bot)}")

    assert reply.said[0] == "error.unavailable"
    assert await kinds(bot) == []


async def test_a_cronofy_account_is_one_persons(bot: Bot) -> None:
    await bot.say(f"/link {BORIS_ACCOUNT.personal_token}", who=BORIS)

    (reply,) = await bot.say(f"/link {BORIS_ACCOUNT.personal_token}", who=ANN)

    assert reply.said == ("link.taken", "link.deleted")
    assert await kinds(bot) == []


async def test_linking_again_replaces_the_key(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    (first,) = await bot.book.accounts_of(identity_of(ANN))
    await bot.book.set_state(first, AccountState.SIGN_IN_AGAIN)

    await bot.say(f"/link {webhook(bot)}")

    (again,) = await bot.book.accounts_of(identity_of(ANN))
    assert (again.account_id, again.state) == (first.account_id, AccountState.ACTIVE)


async def test_link_alone_tells_what_there_is_and_how_to_go_on(bot: Bot) -> None:
    (nothing,) = await bot.say("/link")
    await bot.say(f"/link {webhook(bot)}")
    (something,) = await bot.say("/link")

    assert nothing.said == (
        "link.nothing",
        "link.how_bitrix24",
        "link.how_cronofy",
        "link.is_a_key",
        "link.operator_could",
    )
    assert something.said[:2] == ("link.linked", "link.account")


@pytest.mark.parametrize("command", ["/link", "/unlink", "/me"])
async def test_in_a_group_there_is_a_pointer_and_the_deep_link_does_the_same(
    bot: Bot, command: str
) -> None:
    (pointer,) = await bot.say(command, group="-100")
    (direct,) = await bot.say(command)

    (url,) = [button.url for row in pointer.buttons for button in row]
    payload = url.rpartition("=")[2]
    (linked,) = await bot.say(f"/start {payload}")
    (pointed_again,) = await bot.say(f"/start {payload}", group="-100")
    assert pointed_again.buttons == pointer.buttons
    assert pointer.said == ("group.go_private",)
    assert linked.said == direct.said


async def test_a_deep_link_runs_no_command_that_changes_something(bot: Bot) -> None:
    (reply,) = await bot.say("/start dnd")

    assert reply.said[0] == "start.hello"
    assert bot.portal.presence_of(ANN.user_id) != "dnd"


async def test_unlink_asks_once_and_forgets(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    place = bot.portal_url.removeprefix("http://")
    (question,) = await bot.say("/unlink")
    assert question.said == ("unlink.which",)

    (kept,) = await bot.press("Keep all")
    assert kept.said == ("unlink.kept",)
    assert len(await kinds(bot)) == 1
    await bot.say("/unlink")
    (done,) = await bot.press(f"Forget Bitrix24: Ann Hill, {place} (webhook)")

    assert done.said == ("unlink.done", "unlink.delete_there")
    assert await kinds(bot) == []
    (refused,) = await bot.say("/accept 651")
    assert refused.said == ("access.not_linked",)


async def test_unlink_gives_back_the_presence_that_was_there_before(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "away"
    await bot.say(f"/link {webhook(bot)}")
    await bot.say("/dnd 1h")
    place = bot.portal_url.removeprefix("http://")
    await bot.say("/unlink")
    await bot.press(f"Forget Bitrix24: Ann Hill, {place} (webhook)")

    assert bot.portal.presence_of(ANN.user_id) == "away"
    assert await bot.wait(7200) == []


async def test_what_was_changed_in_the_portal_stands_when_its_account_goes(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    await bot.say("/dnd 1h")
    bot.portal.presence[ANN.user_id] = "away"
    place = bot.portal_url.removeprefix("http://")
    await bot.say("/unlink")
    await bot.press(f"Forget Bitrix24: Ann Hill, {place} (webhook)")

    assert bot.portal.presence_of(ANN.user_id) == "away"


async def test_unlink_typed_with_an_id_does_nothing(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    (account,) = await bot.book.accounts_of(identity_of(ANN))

    await bot.say(f"/unlink {account.account_id}")

    assert len(await kinds(bot)) == 1


async def test_what_comes_from_the_settings_stays() -> None:
    async with running_bot() as bot:
        (reply,) = await bot.say("/unlink")

        assert (reply.said, reply.buttons) == (("unlink.only_settings",), ())
        await bot.say("/accept 651")
        assert bot.portal.status_of(651, ANN.user_id) == "Y"


async def test_me_asks_every_provider_and_one_that_fails_hides_no_other(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    await bot.say(f"/link {ANN_ACCOUNT.personal_token}")
    (well,) = await bot.say("/me")
    bot.portal.users[ANN.user_id] = User(
        user_id=ANN.user_id, name="Ann", last_name="Hill", active=False
    )
    (ill,) = await bot.say("/me")

    assert well.said == (
        "me.identity",
        "me.works",
        "me.since",
        "me.works",
        "me.since",
        "presence.none",
        "me.language",
    )
    assert "Europe/Berlin" in plain(well.text)
    assert ill.said[1] == "me.broken"
    assert "me.works" in ill.said


async def test_after_its_key_died_people_are_asked_to_link_again(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    bot.portal.users[ANN.user_id].active = False

    (reply,) = await bot.say("/accept 651")

    assert reply.said[0] == "error.sign_in"
    assert [button.command_line for row in reply.buttons for button in row] == ["/link"]
    assert Provider.BITRIX24 in [
        account.provider for account in await bot.book.accounts_of(identity_of(ANN))
    ]


async def test_whoever_has_several_accounts_reads_which_one_answered(bot: Bot) -> None:
    await bot.say(f"/link {webhook(bot)}")
    (alone,) = await bot.say("/accept 651")
    await bot.say(f"/link {webhook(bot, BORIS.user_id)}")

    (one_of_two,) = await bot.say("/decline 651")

    assert "held.as" not in alone.said
    assert one_of_two.said[-1] == "held.as"
    assert "Account: Ann Hill" in plain(one_of_two.text)
    assert bot.portal.status_of(651, ANN.user_id) == "N"


@pytest.mark.parametrize("word", ["#651", "651.", "№651", "EVENT_ID=651", "651!"])
async def test_a_number_is_understood_as_it_was_copied(bot: Bot, word: str) -> None:
    await bot.say(f"/link {webhook(bot)}")

    (reply,) = await bot.say(f"/accept {word}")

    assert reply.said[0] == "held.accepted"
