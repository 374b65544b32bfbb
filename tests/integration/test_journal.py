"""/log, /export and /forget over the whole bot: what was changed, what is kept, and leaving."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from markupsafe import Markup

from bot.app.housekeeping import tidy
from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.automation import Choices
from bot.domain.chat import ConversationKind, Press, Reply
from bot.domain.inbox import Delivery, Intent, Person
from bot.domain.journal import Change, ChangeKind
from bot.domain.participation import Confirmation, EventRef
from bot.domain.presence import Presence
from bot.domain.providers import Provider
from bot.errors import PlatformError, StorageError
from bot.sandbox.bitrix24.seed import BUDGET, DESIGN_CRITIQUE, KICK_OFF, OUTING, SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, Colleague
from bot.sandbox.cronofy.seed import QUARTERLY
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, identity_of, plain, running_bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.store import MemoryStore

GROUP = "-100200"
QUARTERLY_REF = EventRef(
    provider=Provider.CRONOFY, event_id=QUARTERLY, calendar_id="cal_1", account_id="acc_1"
)


async def _journal(bot: Bot, who: Colleague = ANN) -> list[tuple[str, str, str, str]]:
    """What the journal of somebody holds: subject, before, after, how sure; oldest first."""
    changes = await bot.store.changes_of(identity_of(who))
    return [
        (
            change.kind if change.event is None else change.event.event_id,
            change.before,
            change.after,
            change.confirmation,
        )
        for change in reversed(changes)
    ]


async def _pass_time(bot: Bot, seconds: float) -> None:
    """Let time pass as the runner of follow-ups would."""
    end = bot.clock.monotonic() + seconds
    while bot.clock.monotonic() < end:
        bot.clock.advance(1)
        await bot.dispatcher.follow_ups.check_due()
        await bot.dispatcher.drain()


async def test_an_answer_is_noted_with_what_was_before_and_from_where(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    bot.clock.advance(60)
    await bot.say(f"/decline {SPRINT_REVIEW}", group=GROUP)

    latest, first = await bot.store.changes_of(identity_of(ANN))
    assert first == Change(
        owner=identity_of(ANN),
        at=START,
        conversation=bot.chat.message(identity_of(ANN), "").conversation,
        provider=Provider.BITRIX24,
        kind=ChangeKind.ANSWER,
        before="needs_action",
        after="accepted",
        event=EventRef(
            provider=Provider.BITRIX24, event_id=str(SPRINT_REVIEW), account_id="account-7"
        ),
        title="Sprint review",
        entry_id=1,
    )
    assert (latest.before, latest.after) == ("accepted", "declined")
    assert latest.conversation is not None
    assert (latest.conversation.kind, latest.conversation.chat_id) == (
        ConversationKind.GROUP,
        GROUP,
    )
    assert latest.at == START + timedelta(seconds=60)


@pytest.mark.parametrize(
    "says",
    [
        f"/status {SPRINT_REVIEW}",
        f"/maybe {BUDGET}",
        f"/accept {DESIGN_CRITIQUE}",
        "/accept 99999",
        "/accept",
        "/presence",
    ],
)
async def test_what_changes_nothing_is_not_noted(bot: Bot, says: str) -> None:
    await bot.say(f"/accept {BUDGET}")
    row = bot.portal.row_of(BUDGET, ANN.user_id)
    assert row is not None
    row.status = "Q"
    before = await _journal(bot)

    await bot.say(says)

    assert len(before) == 1
    assert await _journal(bot) == before


async def test_an_answer_that_was_so_before_is_not_noted_again(bot: Bot) -> None:
    for _ in range(3):
        await bot.say(f"/accept {SPRINT_REVIEW}")

    assert await _journal(bot) == [("651", "needs_action", "accepted", "confirmed")]


async def test_a_refused_change_is_not_noted(bot: Bot) -> None:
    for operation in ("calendar.meeting.status.set", "im.user.status.set"):
        bot.portal.force_error("ACCESS_DENIED", 403, operation=operation, times=9)

    [answer] = await bot.say(f"/accept {SPRINT_REVIEW}")
    [presence] = await bot.say("/dnd")

    assert answer.said[0].startswith("error.")
    assert presence.said[0].startswith("error.")
    assert await _journal(bot) == []


async def test_each_of_several_answers_is_noted_by_itself(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW} {DESIGN_CRITIQUE} {BUDGET}")
    await bot.press("Yes, all 2")

    assert await _journal(bot) == [
        ("651", "needs_action", "accepted", "confirmed"),
        ("655", "needs_action", "accepted", "confirmed"),
    ]


async def test_presence_is_noted_with_what_was_before_unless_it_was_so(bot: Bot) -> None:
    for says in ("/dnd", "/dnd", "/away"):
        await bot.say(says)

    assert await _journal(bot) == [
        ("presence", "", "dnd", "confirmed"),
        ("presence", "dnd", "away", "confirmed"),
    ]
    assert bot.portal.hits == 5, "each looks, and two write"


async def test_a_presence_that_the_portal_did_not_keep_is_no_change(bot: Bot) -> None:
    await bot.say("/dnd")
    bot.portal.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="im.user.status.set"))

    await bot.say("/away")

    assert await _journal(bot) == [("presence", "", "dnd", "confirmed")]


async def test_a_presence_in_doubt_is_noted_as_such(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.CUT_BEFORE, operation="im.user.status.set"))

    await bot.say("/dnd")

    assert await _journal(bot) == [("presence", "", "dnd", "unknown")]


async def test_a_pending_answer_gets_a_second_entry_when_it_is_confirmed(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 20
    await bot.say(f"/accept {QUARTERLY}")
    at_once = await _journal(bot)

    await _pass_time(bot, 60)

    assert at_once == [(QUARTERLY, "needs_action", "accepted", "pending")]
    assert await _journal(bot) == [
        *at_once,
        (QUARTERLY, "needs_action", "accepted", "confirmed"),
    ]


async def test_a_pending_answer_that_never_shows_gets_an_entry_that_says_so(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="participation_status"))
    await bot.say(f"/accept {QUARTERLY}")

    await _pass_time(bot, 130)

    assert await _journal(bot) == [
        (QUARTERLY, "needs_action", "accepted", "pending"),
        (QUARTERLY, "needs_action", "needs_action", "confirmed"),
    ]


async def test_a_pending_answer_that_cannot_be_looked_at_ends_as_unknown(bot: Bot) -> None:
    bot.cronofy.quirks.apply_delay = 3600
    await bot.say(f"/accept {QUARTERLY}")
    bot.cronofy.force_error(503, operation="events", times=1000)

    await _pass_time(bot, 130)

    assert await _journal(bot) == [
        (QUARTERLY, "needs_action", "accepted", "pending"),
        (QUARTERLY, "needs_action", "accepted", "unknown"),
    ]


async def test_of_an_answer_that_a_later_one_replaced_nothing_more_is_noted(bot: Bot) -> None:
    bot.cronofy.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="participation_status"))
    await bot.say(f"/accept {QUARTERLY}")
    await bot.say(f"/decline {QUARTERLY}")

    await _pass_time(bot, 5)

    assert await _journal(bot) == [
        (QUARTERLY, "needs_action", "accepted", "pending"),
        (QUARTERLY, "needs_action", "declined", "confirmed"),
    ]


# What a killed process left: a message in the inbox and an intent, but no outcome.


async def _left_behind(bot: Bot, says: str, intent: Intent) -> None:
    message = bot.chat.message(identity_of(ANN), says)
    [entry] = await bot.store.add([message])
    await bot.store.record_intent(replace(intent, entry_id=entry.entry_id))
    bot.clock.advance(30)


async def _start(bot: Bot) -> None:
    await bot.dispatcher.resume()
    await bot.dispatcher.drain()


def _intent(
    subject: str, before: str, wanted: str, provider: Provider = Provider.BITRIX24
) -> Intent:
    accounts = {Provider.BITRIX24: "account-7", Provider.CRONOFY: "calendars-ann"}
    return Intent(
        entry_id=0,
        provider=provider,
        subject=subject if subject == "presence" else f"{accounts[provider]}/{subject}",
        before=before,
        wanted=wanted,
        stored_at=START,
    )


async def test_what_was_done_before_a_kill_is_noted_once_from_its_intent(bot: Bot) -> None:
    row = bot.portal.row_of(SPRINT_REVIEW, ANN.user_id)
    assert row is not None
    row.status = "Y"
    await _left_behind(bot, "/accept 651", _intent("651", "declined", "accepted"))

    for _ in range(2):
        await _start(bot)

    assert await _journal(bot) == [("651", "declined", "accepted", "confirmed")]
    assert bot.portal.journal == []


async def test_what_was_not_done_before_a_kill_is_done_and_noted_once(bot: Bot) -> None:
    await _left_behind(bot, "/accept 651", _intent("651", "needs_action", "accepted"))

    for _ in range(2):
        await _start(bot)

    assert await _journal(bot) == [("651", "needs_action", "accepted", "confirmed")]
    assert len(bot.portal.writes("calendar.meeting.status.set")) == 1


async def test_what_a_kill_leaves_in_doubt_is_noted_as_pending_and_then_as_found(bot: Bot) -> None:
    intent = _intent(QUARTERLY, "tentative", "accepted", Provider.CRONOFY)
    await _left_behind(bot, f"/accept {QUARTERLY}", intent)

    await _start(bot)
    await _pass_time(bot, 200)

    assert await _journal(bot) == [
        (QUARTERLY, "tentative", "accepted", "pending"),
        (QUARTERLY, "tentative", "accepted", "confirmed"),
    ]


async def test_what_can_neither_be_read_nor_excluded_after_a_kill_is_noted_as_unknown(
    bot: Bot,
) -> None:
    for user in bot.portal.users.values():
        user.code = "another"
    await _left_behind(bot, "/accept 651", _intent("651", "needs_action", "accepted"))

    await _start(bot)

    assert await _journal(bot) == [("651", "needs_action", "accepted", "unknown")]


@pytest.mark.parametrize(("shown", "writes"), [("dnd", 0), ("away", 1)])
async def test_a_presence_after_a_kill_is_noted_once(bot: Bot, shown: str, writes: int) -> None:
    bot.portal.presence[ANN.user_id] = shown
    await _left_behind(bot, "/dnd", _intent("presence", "", "dnd"))

    for _ in range(2):
        await _start(bot)

    before = "away" if writes else ""
    assert await _journal(bot) == [("presence", before, "dnd", "confirmed")]
    assert len(bot.portal.writes("im.user.status.set")) == writes


class _Stumbling(MemoryStore):
    """Cannot write outcomes for a while."""

    stumbles = 0

    async def settle(self, *args: Any) -> Any:
        if self.stumbles:
            self.stumbles -= 1
            raise StorageError("disk full")
        return await super().settle(*args)


async def test_an_outcome_that_is_stored_at_the_third_attempt_is_noted_once(
    clock: FakeClock,
) -> None:
    store = _Stumbling(clock)
    async with running_bot(store=store, clock=clock) as bot:
        store.stumbles = 2
        await bot.say(f"/accept {SPRINT_REVIEW}")

        assert await _journal(bot) == [("651", "needs_action", "accepted", "confirmed")]


async def test_nobody_sees_the_changes_of_another(bot: Bot) -> None:
    await bot.say("/dnd", who=ANN)
    await bot.say("/away", who=BORIS)

    [mine] = await bot.say("/log", who=ANN)
    [theirs] = await bot.say("/log", who=BORIS)

    assert ("do not disturb" in mine.text, "away" in mine.text) == (True, False)
    assert ("do not disturb" in theirs.text, "away" in theirs.text) == (False, True)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Your last changes, newest first (times: Europe/Berlin):",
                "Mon 2 Mar 10:03 · 🔕 Presence: do not disturb",
                "Mon 2 Mar 10:02 · ⏳ Quarterly planning: no answer → accepted",
                "↳ sent, not confirmed at that moment",
                "Mon 2 Mar 10:01 · ❌ Sprint review: accepted → declined",
                "Mon 2 Mar 10:00 · ✅ Sprint review: no answer → accepted",
            ],
        ),
        (
            "ru",
            [
                "Ваши последние изменения, сначала новые (время: Europe/Berlin):",
                "пн, 2 мар. 10:03 · 🔕 Статус: не беспокоить",
                "пн, 2 мар. 10:02 · ⏳ Quarterly planning: без ответа → принято",
                "↳ отправлено, в тот момент не подтверждено",
                "пн, 2 мар. 10:01 · ❌ Sprint review: принято → отклонено",
                "пн, 2 мар. 10:00 · ✅ Sprint review: без ответа → принято",
            ],
        ),
    ],
)
async def test_log_shows_the_last_changes_in_both_languages(
    bot: Bot, language: str, expected: list[str]
) -> None:
    bot.cronofy.quirks.apply_delay = 3600
    says = [f"/accept {SPRINT_REVIEW}", f"/decline {SPRINT_REVIEW}", f"/accept {QUARTERLY}", "/dnd"]
    for number, words in enumerate(says):
        bot.clock.advance(60 * number - bot.clock.monotonic())
        await bot.say(words, language=language)

    [reply] = await bot.say("/log", language=language)

    assert plain(reply.text).split("\n") == expected


async def test_log_says_of_each_entry_how_sure_it_is(bot: Bot) -> None:
    entry = Change(
        owner=identity_of(ANN),
        at=START,
        conversation=None,
        provider=Provider.BITRIX24,
        kind=ChangeKind.ANSWER,
        title="<b>R&D</b>\nplan",
        event=EventRef(provider=Provider.BITRIX24, event_id="651"),
    )
    await bot.store.append(
        [
            replace(entry, before="needs_action", after="needs_action"),
            replace(entry, after="tentative"),
            replace(entry, before="declined", after="unknown"),
            replace(entry, before="accepted", after="declined", confirmation=Confirmation.UNKNOWN),
            replace(entry, title="", before="accepted", after="accepted"),
            replace(entry, kind=ChangeKind.LINK, event=None, title="acme.bitrix24.com"),
            replace(entry, kind=ChangeKind.UNLINK, event=None, title="acme.bitrix24.com"),
            replace(entry, kind=ChangeKind.PRESENCE, before="dnd", after=""),
        ]
    )

    [reply] = await bot.say("/log")

    when = "Mon 2 Mar 10:00"
    assert plain(reply.text).split("\n")[1:] == [
        f"{when} · ⚪ Presence: do not disturb → nothing",
        f"{when} · ✂️ Forgotten: Bitrix24, acme.bitrix24.com",
        f"{when} · 🔗 Linked: Bitrix24, acme.bitrix24.com",
        f"{when} · ✅ (no title): unchanged, accepted",
        f"{when} · ⚠️ <b>R&D</b> plan: accepted → declined",
        "↳ it was not clear whether it arrived",
        f"{when} · ⚪ <b>R&D</b> plan: declined → a status that I do not know",
        f"{when} · ❔ <b>R&D</b> plan: maybe",
        f"{when} · ▫️ <b>R&D</b> plan: unchanged, no answer",
    ]


async def test_log_shows_ten_and_no_more(bot: Bot) -> None:
    for number in range(6):
        await bot.say("/dnd" if number % 2 else "/away")
        await bot.say(f"/{'accept' if number % 2 else 'decline'} {OUTING}")

    [reply] = await bot.say("/log")

    assert len(await _journal(bot)) == 12
    assert len(plain(reply.text).split("\n")) == 1 + 10


async def test_an_empty_journal_is_said_to_be_empty(bot: Bot) -> None:
    [english] = await bot.say("/log")
    [russian] = await bot.say("/log", who=BORIS, language="ru")

    assert plain(english.text) == "I have changed nothing for you yet."
    assert plain(russian.text) == "Для вас я пока ничего не менял."


@pytest.mark.parametrize("says", ["/log", "/export", "/forget"])
async def test_in_a_group_only_the_sender_gets_to_see_it(bot: Bot, says: str) -> None:
    await bot.say("/dnd")

    await bot.say(says, group=GROUP)

    message_id, _ = bot.chat.posted[-1]
    shown = bot.chat.shown[message_id].conversation
    assert (shown.kind, shown.chat_id) == (ConversationKind.DIRECT, str(ANN.user_id))


async def test_old_changes_are_forgotten_by_the_housekeeping(bot: Bot) -> None:
    await bot.say("/dnd")
    bot.clock.advance(86400)
    await bot.say("/away")
    bot.clock.advance(86400 * 364)

    await tidy(bot.store, bot.clock, journal_days=366)
    kept_longer = await _journal(bot)
    await tidy(bot.store, bot.clock, journal_days=365)

    assert [entry[2] for entry in kept_longer] == ["dnd", "away"]
    assert [entry[2] for entry in await _journal(bot)] == ["dnd", "away"]
    bot.clock.advance(1)
    await tidy(bot.store, bot.clock, journal_days=365)
    assert [entry[2] for entry in await _journal(bot)] == ["away"]


async def test_numbers_of_events_are_forgotten_after_more_than_a_year(bot: Bot) -> None:
    ann = identity_of(ANN)
    await bot.store.number_events(ann, [QUARTERLY_REF])
    bot.clock.advance(86400 * 400)

    await tidy(bot.store, bot.clock, journal_days=365)
    kept_longer = await bot.store.find_numbered(ann, 1)
    bot.clock.advance(1)
    await tidy(bot.store, bot.clock, journal_days=365)

    assert kept_longer == QUARTERLY_REF
    assert await bot.store.find_numbered(ann, 1) is None


# /export


async def _exported(bot: Bot, language: str = "en") -> dict[str, Any]:
    [reply] = await bot.say("/export", language=language)
    assert reply.document is not None
    found: dict[str, Any] = json.loads(reply.document.content)
    return found


def _webhook(bot: Bot) -> str:
    return f"{bot.portal_url}{bot.portal.webhook_path(ANN.user_id)}"


async def test_export_holds_everything_that_is_kept_and_no_key(bot: Bot) -> None:
    await bot.store.save_person(
        Person(identity=identity_of(ANN), language="en", timezone="Europe/Riga", name="Ann")
    )
    await bot.say(f"/link {_webhook(bot)}")
    await bot.say(f"/accept {SPRINT_REVIEW}", group=GROUP)
    await bot.say("/forget")
    await bot.say("/dnd 1h")
    wanted = Choices(meetings=True, presence=Presence.AWAY)
    await bot.automation_book.choose(identity_of(ANN), wanted, None)
    await bot.say("/dnd", who=BORIS)
    await bot.store.number_events(identity_of(ANN), [QUARTERLY_REF])
    await bot.say(f"/card {SPRINT_REVIEW}", group=GROUP)
    await bot.say(f"/card {SPRINT_REVIEW}", group=GROUP, who=BORIS)

    found = await _exported(bot)

    assert found.keys() == {
        "exported_at",
        "person",
        "accounts",
        "presence",
        "automation",
        "groups",
        "cards",
        "journal",
        "numbers",
        "messages",
        "buttons",
    }
    [claim] = found["presence"]["claims"]
    assert (claim["presence"], claim["source"]) == ("dnd", "hand")
    assert (found["automation"]["meetings"], found["automation"]["presence"]) == (True, "away")
    assert found["person"] == {
        "platform": "telegram",
        "user_id": "7",
        "name": "Ann",
        "language": "en",
        "timezone": "Europe/Riga",
        "chosen": False,
    }
    assert {account["kind"] for account in found["accounts"]} == {"webhook", "environment"}
    [answer] = [entry for entry in found["journal"] if entry["kind"] == "answer"]
    assert (answer["title"], answer["before"], answer["after"], answer["at"]) == (
        "Sprint review",
        "needs_action",
        "accepted",
        START.isoformat(),
    )
    assert answer["conversation"]["chat_id"] == GROUP
    assert found["numbers"] == [
        {
            "number": 1,
            "provider": "cronofy",
            "event_id": QUARTERLY,
            "calendar_id": "cal_1",
            "account_id": "acc_1",
            "given_at": START.isoformat(),
        }
    ]
    [card] = found["cards"]
    assert card["chat_id"] == GROUP
    assert "Sprint review" in card["shown"]
    texts = [message["text"] for message in found["messages"]]
    assert texts == ["/link …", "/accept 651", "/forget", "/dnd 1h", "/card 651", "/export"]
    assert "Accepted" in found["messages"][1]["replies"][0]
    assert {button["label"] for button in found["buttons"]} == {
        *("✓ Accept", "Maybe", "Decline", "↩️ Undo"),
        *("Accept", "🔄 Refresh"),
        "Forget me",
        "Keep everything",
        "Use Europe/Berlin",
        "🟢 Online now",
    }
    whole = json.dumps(found)
    code = bot.portal.webhook_path(ANN.user_id).strip("/").rpartition("/")[2]
    assert len(code) > 8
    assert code not in whole
    assert "sealed:" not in whole


async def test_export_holds_nothing_of_others(bot: Bot) -> None:
    await bot.say("/away", who=BORIS)
    await bot.say("/dnd", who=ANN)
    await bot.store.number_events(identity_of(BORIS), [QUARTERLY_REF])

    found = await _exported(bot)

    assert [entry["after"] for entry in found["journal"]] == ["dnd"]
    assert [message["text"] for message in found["messages"]] == ["/dnd", "/export"]
    assert found["numbers"] == []


async def test_an_export_does_not_hold_the_exports_before_it(bot: Bot) -> None:
    sizes = [len(json.dumps(await _exported(bot))) for _ in range(4)]

    assert sizes[3] - sizes[2] == sizes[2] - sizes[1]


async def test_export_is_readable_json_with_a_telling_name(bot: Bot) -> None:
    await bot.say(f"/accept {BUDGET}")
    [reply] = await bot.say("/export", language="ru")

    assert reply.document is not None
    assert reply.document.name == "rsvp-bot-2026-03-02.json"
    assert '\n      "title": "Обсуждение бюджета"' in reply.document.content
    assert reply.document.content.endswith("}\n")


# /forget


async def _forget(bot: Bot, language: str = "en") -> Sequence[Reply]:
    yes, sure = {"en": ("Forget me", "Delete everything"), "ru": ("Забыть меня", "Удалить всё")}[
        language
    ]
    await bot.say("/forget", language=language)
    await bot.press(yes, language=language)
    return await bot.press(sure, language=language)


async def _everything(bot: Bot, who: Colleague) -> list[object]:
    identity = identity_of(who)
    person = await bot.store.find_person(identity)
    return [
        *([] if person is None else [person]),
        *await bot.store.memberships_of(identity),
        *await bot.store.changes_of(identity),
        *await bot.store.messages_of(identity),
        *await bot.store.buttons_of(identity),
        *await bot.store.numbers_of(identity),
        *await bot.book.accounts_of(identity),
    ]


async def test_forget_asks_twice_and_says_what_would_be_deleted(bot: Bot) -> None:
    await bot.say(f"/link {_webhook(bot)}")
    await bot.say(f"/accept {SPRINT_REVIEW}")

    [first] = await bot.say("/forget")
    [second] = await bot.press("Forget me")

    assert first.said == ("forget.ask", "forget.unchanged")
    assert second.said == (
        "forget.sure",
        "forget.account",
        "forget.journal",
        "forget.messages",
        "forget.person",
        "forget.stays",
        "forget.unchanged",
    )
    lines = plain(second.text).split("\n")
    [account] = await bot.book.accounts_of(identity_of(ANN))
    assert account.place in lines[1]
    assert lines[2].endswith(f": {len(await bot.store.changes_of(identity_of(ANN)))}")
    assert bot.portal.status_of(SPRINT_REVIEW, ANN.user_id) == "Y"
    assert len(await _everything(bot, ANN)) > 4


async def test_numbers_of_events_are_among_what_would_be_deleted_if_there_are_any(bot: Bot) -> None:
    refs = [replace(QUARTERLY_REF, event_id=name) for name in ("a", "b", "c")]
    await bot.store.number_events(identity_of(ANN), refs)
    await bot.say("/forget")
    [second] = await bot.press("Forget me")

    assert "• short numbers by which you call events: 3" in plain(second.text).split("\n")


async def test_who_is_forgotten_leaves_nothing_behind_not_even_the_farewell(bot: Bot) -> None:
    await bot.say("/dnd", who=BORIS)
    for who in (ANN, BORIS):
        await bot.store.number_events(identity_of(who), [QUARTERLY_REF])
    await bot.say(f"/link {_webhook(bot)}")
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/maybe {SPRINT_REVIEW}")
    bot.cronofy.quirks.apply_delay = 3600
    await bot.say(f"/accept {QUARTERLY}")
    theirs = await _everything(bot, BORIS)
    assert await bot.store.next_follow_up() is not None

    [reply] = await _forget(bot)

    assert reply.said[0] == "forget.done"
    assert "forget.delete_there" in reply.said
    assert await _everything(bot, ANN) == []
    assert await _everything(bot, BORIS) == theirs
    assert await bot.store.next_follow_up() is None
    assert list(await bot.store.unfinished()) == []


async def test_whoever_writes_again_is_a_stranger(bot: Bot) -> None:
    await bot.say("/dnd", language="ru")
    await _forget(bot, "ru")

    [reply] = await bot.say("/log", language="en")

    assert plain(reply.text) == "I have changed nothing for you yet."
    person = await bot.store.find_person(identity_of(ANN))
    assert person is not None
    assert person.language == "en"


async def test_old_buttons_of_somebody_forgotten_mean_nothing_any_more(bot: Bot) -> None:
    await bot.say(f"/accept {SPRINT_REVIEW}")
    await bot.say(f"/maybe {SPRINT_REVIEW}")
    writes = len(bot.portal.journal)
    await _forget(bot)

    [reply] = await bot.press("Take my answer back")

    assert reply.said == ("button.unknown",)
    assert len(bot.portal.journal) == writes


@pytest.mark.parametrize("asked", [1, 2])
async def test_a_no_at_either_question_deletes_nothing(bot: Bot, asked: int) -> None:
    await bot.say("/dnd")
    await bot.say("/forget")
    if asked == 2:
        await bot.press("Forget me")
    before = await _everything(bot, ANN)

    [reply] = await bot.press("Keep everything")

    assert reply.said == ("forget.kept",)
    assert len(await _everything(bot, ANN)) >= len(before)
    assert await _journal(bot) == [("presence", "", "dnd", "confirmed")]


@pytest.mark.parametrize("says", ["/forget me", "/forget everything", "/forget yes", "/FORGET ME"])
async def test_no_typed_word_goes_past_the_questions(bot: Bot, says: str) -> None:
    await bot.say("/dnd")

    [reply] = await bot.say(says)

    assert reply.said == ("forget.ask", "forget.unchanged")
    assert len(await _journal(bot)) == 1


async def test_a_yes_that_comes_too_late_deletes_nothing(bot: Bot) -> None:
    await bot.say("/dnd")
    await bot.say("/forget")
    await bot.press("Forget me")
    bot.clock.advance(301)

    [reply] = await bot.press("Delete everything")

    assert reply.said == ("confirm.expired",)
    assert len(await _journal(bot)) == 1


async def test_an_account_from_the_settings_stays_and_is_named(bot: Bot) -> None:
    [reply] = await _forget(bot)

    assert reply.said == ("forget.done", "forget.environment", "forget.environment")
    assert "Bitrix24" in reply.text
    [still] = await bot.say(f"/accept {SPRINT_REVIEW}")
    assert still.said[0] == "held.accepted"


async def test_a_provider_that_does_not_answer_does_not_stop_it() -> None:
    async with running_bot(linked=[], public_url="https://bot.example") as bot:
        account = Account(
            account_id="c7",
            owner=identity_of(ANN),
            provider=Provider.CRONOFY,
            kind=AccountKind.OAUTH,
            subject="acc_1",
            place="ann@acme.example",
            linked_at=START,
        )
        credentials = Credentials(
            endpoint="https://api.example", access_token="a", refresh_token="r"
        )
        await bot.book.link(account, credentials)
        bot.cronofy.faults.add(FaultRule(fault=Fault.HTML_502, times=None))

        [reply] = await _forget(bot)

        assert reply.said == ("forget.done", "forget.end_it_there")
        assert await _everything(bot, ANN) == []


async def test_a_farewell_is_delivered_at_last_and_then_nothing_is_left(bot: Bot) -> None:
    await bot.say("/dnd")
    await bot.say("/forget")
    await bot.press("Forget me")
    bot.chat.failures = [PlatformError("busy"), PlatformError("busy")]

    [reply] = await bot.press("Delete everything")

    assert reply.said[0] == "forget.done"
    assert bot.chat.failures == []
    assert await _everything(bot, ANN) == []


async def test_a_farewell_that_nobody_can_read_leaves_nothing_either(bot: Bot) -> None:
    await bot.say("/dnd")
    await bot.say("/forget")
    await bot.press("Forget me")
    bot.chat.failures = [PlatformError("blocked", gone=True)]

    assert list(await bot.press("Delete everything")) == []
    assert await _everything(bot, ANN) == []


async def _pressed_before_a_kill(bot: Bot, label: str) -> None:
    """The press is taken in by a process that dies before handling it."""
    message_id, delivery = bot.chat.posted[-1]
    labels = [button.label for button in delivery.reply.pressable]
    press = Press(key=delivery.keys[labels.index(label)], card_id=message_id)
    await bot.store.add([bot.chat.message(identity_of(ANN), "", press=press)])


async def test_a_kill_on_the_way_out_is_made_up_for_at_the_next_start(bot: Bot) -> None:
    await bot.say(f"/link {_webhook(bot)}")
    await bot.say("/forget")
    await bot.press("Forget me")
    await _pressed_before_a_kill(bot, "Delete everything")
    # It had come so far that the account was unlinked.
    [account] = await bot.book.accounts_of(identity_of(ANN))
    await bot.book.unlink(account)

    await _start(bot)

    _, delivery = bot.chat.posted[-1]
    assert delivery.reply.said[0] == "forget.done"
    assert await _everything(bot, ANN) == []


async def test_a_kill_before_the_farewell_was_sent_only_delays_it(bot: Bot) -> None:
    await bot.say("/dnd")
    [entry] = await bot.store.add([bot.chat.message(identity_of(ANN), "/forget")])
    farewell = Delivery(
        delivery_id=0,
        to=identity_of(ANN),
        conversation=entry.message.conversation,
        reply=Reply(text=Markup("bye"), farewell=True),
    )
    await bot.store.settle(entry, [farewell], [])
    said_before = len(bot.chat.posted)

    await _start(bot)

    assert [delivery.reply.text for _, delivery in bot.chat.posted[said_before:]] == ["bye"]
    assert await _everything(bot, ANN) == []


async def test_what_is_said_meanwhile_is_answered_afterwards(bot: Bot) -> None:
    await bot.say("/dnd")
    await bot.say("/forget")
    await bot.press("Forget me")
    await _pressed_before_a_kill(bot, "Delete everything")
    later = bot.chat.message(identity_of(ANN), f"/accept {KICK_OFF}")
    await bot.store.add([later])

    await _start(bot)

    assert [delivery.reply.said[0] for _, delivery in bot.chat.posted[-2:]] == [
        "forget.done",
        "held.accepted",
    ]
    assert await _journal(bot) == [(str(KICK_OFF), "needs_action", "accepted", "confirmed")]
