"""What every directory does: the one in memory and the real ones at their emulators."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from bot.clients.bitrix24.api import PortalAuth
from bot.clients.bitrix24.calendar import get_profile
from bot.clients.bitrix24.client import Terms
from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.meetings import Member
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.errors import (
    TELLABLE,
    NotLinkedError,
    ProviderAuthError,
    ProviderError,
    ProviderPermissionError,
    ProviderPlanError,
    RateLimitedError,
    TransportError,
)
from bot.providers.bitrix24 import Bitrix24Calendar, Bitrix24Directory
from bot.providers.bitrix24 import directory as directory_module
from bot.sandbox.bitrix24 import Portal, User, portal_app, seed_company
from bot.sandbox.bitrix24.seed import SPRINT_REVIEW
from bot.sandbox.company import ANN, BORIS, MARIA, PEOPLE
from bot.sandbox.faults import Fault, FaultRule
from bot.sandbox.server import SandboxServer
from bot.services.memory import Memory
from bot.services.troubles import ForgetfulLog, Troubles
from bot.services.watched import WatchedDirectory
from bot.storage.memory import FixedAccounts
from tests.contract.adapters import adapters_of
from tests.contract.directories import (
    LIST,
    AtBitrix24,
    DirectorySubject,
    at_bitrix24,
    directory_of,
    in_memory,
)
from tests.contract.providers import PATIENCE, REFUSALS, account_of, call_of, stranger_at
from tests.fakes.bot import identity_of
from tests.fakes.calendars import Trouble
from tests.fakes.clock import FakeClock
from tests.fakes.directory import FakeDirectory
from tests.fakes.platform import FakePlatform
from tests.fakes.store import MemoryStore

SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[DirectorySubject]]] = {
    "memory": in_memory,
    "bitrix24": at_bitrix24,
}
WITHOUT_MEETINGS = {Provider.CRONOFY}
"""Everybody's copy of an event is their own affair there."""
DAY = 86400
ANN_ID, BORIS_ID, MARIA_ID = (str(person.user_id) for person in (ANN, BORIS, MARIA))


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[DirectorySubject]:
    async with SUBJECTS[request.param]() as opened:
        yield opened


@pytest.fixture
async def office() -> AsyncIterator[AtBitrix24]:
    async with at_bitrix24() as opened:
        yield opened


async def names(
    subject: DirectorySubject, *user_ids: str, account: Account | None = None
) -> Mapping[str, str]:
    call = call_of(account or subject.ann, subject.clock)
    return await subject.directory.names_of(call, user_ids)


async def test_every_adapter_and_every_provider_is_among_the_subjects() -> None:
    tested, providers = set(), set()
    for open_subject in SUBJECTS.values():
        async with open_subject() as subject:
            tested.add(type(subject.directory).__name__)
            providers.add(subject.directory.name)

    assert tested - {"FakeDirectory"} == adapters_of("Directory", "providers", "names_of")
    assert providers == set(Provider) - WITHOUT_MEETINGS


async def test_people_are_called_what_the_provider_calls_them(subject: DirectorySubject) -> None:
    found = await names(subject, *(str(person.user_id) for person in PEOPLE))

    assert found == {str(person.user_id): person.full_name for person in PEOPLE}
    assert len(found) == 10


async def test_whoever_has_no_name_and_whoever_is_not_there_are_left_out(
    subject: DirectorySubject,
) -> None:
    subject.rename(MARIA_ID, "")

    assert await names(subject, MARIA_ID, "4711", BORIS_ID) == {BORIS_ID: BORIS.full_name}


@pytest.mark.parametrize("user_id", ["", "0", "-7", "07", "7abc", "٧", "abc", "9" * 40, "7 ", "\0"])
async def test_what_is_nobodys_id_is_left_out(subject: DirectorySubject, user_id: str) -> None:
    assert await names(subject, user_id, ANN_ID) == {ANN_ID: ANN.full_name}
    assert await names(subject, user_id) == {}


async def test_nothing_is_asked_about_nobody(subject: DirectorySubject) -> None:
    assert await names(subject) == {}
    assert subject.asked() == 0


async def test_a_name_is_at_most_a_day_old(subject: DirectorySubject) -> None:
    await names(subject, ANN_ID, MARIA_ID)
    subject.rename(ANN_ID, "Ann Newname")
    subject.rename(MARIA_ID, "")
    subject.clock.advance(DAY)

    assert await names(subject, ANN_ID, MARIA_ID) == {ANN_ID: "Ann Newname"}


async def test_that_somebody_has_no_name_is_at_most_a_day_old(subject: DirectorySubject) -> None:
    subject.rename(ANN_ID, "")
    assert await names(subject, ANN_ID) == {}
    subject.rename(ANN_ID, "Ann Newname")
    subject.clock.advance(DAY)

    assert await names(subject, ANN_ID) == {ANN_ID: "Ann Newname"}


async def test_several_may_ask_at_once(subject: DirectorySubject) -> None:
    mine, same, theirs = await asyncio.gather(
        names(subject, ANN_ID, MARIA_ID),
        names(subject, MARIA_ID, ANN_ID),
        names(subject, BORIS_ID, ANN_ID, account=subject.other),
    )

    assert mine == same == {ANN_ID: ANN.full_name, MARIA_ID: MARIA.full_name}
    assert theirs == {ANN_ID: ANN.full_name, BORIS_ID: BORIS.full_name}


async def test_it_says_who_somebody_is_and_asks_nobody(subject: DirectorySubject) -> None:
    provider = subject.directory.name
    members = [
        await subject.directory.member_of(account) for account in (subject.ann, subject.other)
    ]

    assert members == [
        Member(provider=provider, place=subject.place, user_id=user_id)
        for user_id in (ANN_ID, BORIS_ID)
    ]
    assert await subject.directory.member_of(stranger_at(provider)) is None
    assert subject.asked() == 0


@pytest.mark.parametrize("trouble", list(REFUSALS))
async def test_a_refusal_is_raised(subject: DirectorySubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(REFUSALS[trouble]) as refused:
        await names(subject, MARIA_ID)
    assert refused.value.provider == subject.directory.name


async def test_what_cannot_be_sent_is_raised(subject: DirectorySubject) -> None:
    await subject.trouble(Trouble.UNREACHABLE)

    with pytest.raises(TransportError):
        await names(subject, MARIA_ID)


@pytest.mark.parametrize("late_by", [0.0, 1.0])
async def test_nothing_is_sent_when_no_time_is_left(
    subject: DirectorySubject, late_by: float
) -> None:
    late = call_of(subject.ann, subject.clock, patience=-late_by)

    with pytest.raises((ProviderError, TransportError)):
        await subject.directory.names_of(late, [MARIA_ID])
    assert subject.asked() == 0


async def test_an_account_that_is_not_linked_opens_nothing(subject: DirectorySubject) -> None:
    with pytest.raises(NotLinkedError):
        await names(subject, MARIA_ID, account=stranger_at(subject.directory.name))
    assert subject.asked() == 0


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, *REFUSALS])
async def test_no_error_holds_a_secret(subject: DirectorySubject, trouble: Trouble) -> None:
    await subject.trouble(trouble)

    with pytest.raises(TELLABLE) as raised:
        await names(subject, MARIA_ID)

    told = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
    # The one in memory has no address and no key that could be told.
    assert bool(subject.secrets) is not isinstance(subject.directory, FakeDirectory)
    assert not [secret for secret in subject.secrets if secret in told]


async def test_a_portal_is_asked_once_a_day_about_whoever_has_a_name_and_whoever_has_none(
    office: AtBitrix24,
) -> None:
    office.rename(MARIA_ID, "")
    hits = []
    for wait in (0, DAY - 1, 1, DAY - 1):
        office.clock.advance(wait)
        found = await names(office, ANN_ID, MARIA_ID, "4711")
        assert found == {ANN_ID: ANN.full_name}
        hits.append(office.asked())

    assert hits == [1, 1, 2, 2]


async def test_only_those_are_asked_about_of_whom_nothing_is_known(office: AtBitrix24) -> None:
    await names(office, ANN_ID)
    office.rename(ANN_ID, "Ann Newname")

    found = await names(office, ANN_ID, BORIS_ID)

    assert found == {ANN_ID: ANN.full_name, BORIS_ID: BORIS.full_name}
    assert office.asked() == 2


async def test_colleagues_share_what_is_known_of_their_portal(office: AtBitrix24) -> None:
    await names(office, MARIA_ID)

    found = await names(office, MARIA_ID, account=office.other)

    assert (found, office.asked()) == ({MARIA_ID: MARIA.full_name}, 1)


async def test_whom_a_guest_of_the_company_does_not_see_others_do(office: AtBitrix24) -> None:
    office.portal.users[BORIS.user_id].extranet = True
    assert await names(office, MARIA_ID, account=office.other) == {}
    assert await names(office, MARIA_ID, account=office.other) == {}
    assert office.asked() == 1

    assert await names(office, MARIA_ID) == {MARIA_ID: MARIA.full_name}


@pytest.mark.parametrize(("people", "hits"), [(1, 1), (50, 1), (51, 2), (101, 3)])
async def test_fifty_people_take_one_hit(office: AtBitrix24, people: int, hits: int) -> None:
    wanted = [str(number) for number in range(1000, 1000 + people)]
    for user_id in wanted:
        office.portal.add_user(User(user_id=int(user_id), name=f"N{user_id}"))

    found = await names(office, *wanted, *wanted)

    assert found == {user_id: f"N{user_id}" for user_id in wanted}
    assert office.asked() == hits


async def test_what_was_told_before_a_failure_is_not_asked_again(office: AtBitrix24) -> None:
    wanted = [str(number) for number in range(1000, 1051)]
    for user_id in wanted:
        office.portal.add_user(User(user_id=int(user_id), name=f"N{user_id}"))
    rule = FaultRule(fault=Fault.RATE_LIMITED_429, operation=LIST, skip=1, times=None)
    office.portal.faults.add(rule)

    with pytest.raises(RateLimitedError):
        await names(office, *wanted)
    office.portal.faults.rules.clear()
    before = office.asked()
    assert len(await names(office, *wanted)) == 51

    assert office.asked() - before == 1


async def test_the_oldest_names_are_forgotten_first_and_all_are_told(
    office: AtBitrix24, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_module, "_NAMES_MAX", 3)
    wanted = [str(number) for number in range(1, 6)]

    assert len(await names(office, *wanted)) == 5
    hits = []
    for user_id in ("5", "4", "3", "2"):
        assert await names(office, user_id)
        hits.append(office.asked())

    assert hits == [1, 1, 1, 2]


async def test_without_the_scope_it_is_a_matter_of_rights(office: AtBitrix24) -> None:
    office.portal.users[ANN.user_id].scopes = frozenset({"calendar"})

    with pytest.raises(ProviderPermissionError) as refused:
        await names(office, MARIA_ID)
    assert refused.value.code == "insufficient_scope"
    assert await names(office, MARIA_ID, account=office.other) == {MARIA_ID: MARIA.full_name}


async def test_a_member_is_the_one_on_the_list_of_a_meeting_at_its_place(
    office: AtBitrix24,
) -> None:
    calendar = Bitrix24Calendar(office.client, office.site.accounts, office.clock)
    ref = EventRef(provider=Provider.BITRIX24, event_id=str(SPRINT_REVIEW))

    event = await calendar.get_event(call_of(office.ann, office.clock), ref)
    member = await office.directory.member_of(office.ann)

    assert event.meeting is not None
    assert member is not None
    assert member.place == event.meeting.place == office.place
    assert member.user_id in {attendee.user_id for attendee in event.attendees}


def linked(kind: AccountKind, subject: str, *, place: str = "") -> Account:
    plain = account_of(ANN, Provider.BITRIX24)
    return replace(plain, account_id="linked", kind=kind, subject=subject, place=place)


HOOK = Credentials(endpoint="https://Acme.bitrix24.com./rest/7/s3cr3t/")
TOKEN = Credentials(endpoint="https://acme.bitrix24.com/rest/", access_token="t")


@pytest.mark.parametrize(
    ("account", "credentials", "who"),
    [
        # Pasted: the subject says it all, whether or not the key can still be read.
        (linked(AccountKind.WEBHOOK, "acme.bitrix24.com/7"), None, "acme.bitrix24.com/7"),
        (linked(AccountKind.WEBHOOK, "Acme.bitrix24.com./7"), None, "acme.bitrix24.com/7"),
        (linked(AccountKind.WEBHOOK, "box.example.:8443/7"), None, "box.example:8443/7"),
        # The operator's: the key's address.
        (linked(AccountKind.ENVIRONMENT, ""), HOOK, "acme.bitrix24.com/7"),
        (linked(AccountKind.ENVIRONMENT, ""), TOKEN, None),
        (linked(AccountKind.ENVIRONMENT, ""), None, None),
        # By consent: the subject names the portal by another id than its host.
        (linked(AccountKind.OAUTH, "0a1b2c/7"), TOKEN, "acme.bitrix24.com/7"),
        (
            linked(AccountKind.OAUTH, "0a1b2c/7", place="old.bitrix24.com"),
            TOKEN,
            "acme.bitrix24.com/7",
        ),
        (
            linked(AccountKind.OAUTH, "0a1b2c/7", place="acme.bitrix24.com"),
            None,
            "acme.bitrix24.com/7",
        ),
        (linked(AccountKind.OAUTH, "0a1b2c/"), TOKEN, None),
        (linked(AccountKind.OAUTH, "0a1b2c/7"), None, None),
    ],
)
async def test_who_somebody_is_at_a_portal_is_read_from_how_they_signed_in(
    office: AtBitrix24, account: Account, credentials: Credentials | None, who: str | None
) -> None:
    known = {} if credentials is None else {account: credentials}
    directory = Bitrix24Directory(office.client, FixedAccounts(known), office.clock)

    member = await directory.member_of(account)

    assert (member and f"{member.place}/{member.user_id}") == who


class DeadAccounts(FixedAccounts):
    """A store in which the credentials are dead."""

    async def credentials(self, account: Account) -> Credentials:
        raise ProviderAuthError(account.provider, "credentials")


async def test_who_somebody_is_may_be_unknown_once_they_have_to_sign_in_again(
    office: AtBitrix24,
) -> None:
    directory = Bitrix24Directory(office.client, DeadAccounts({}), office.clock)
    consented = linked(AccountKind.OAUTH, "0a1b2c/7", place=office.place)

    assert await directory.member_of(consented) == office.member(ANN.user_id)
    assert await directory.member_of(office.ann) is None


async def test_a_renamed_portal_is_the_same_place_for_all_once_it_is_known() -> None:
    clock = FakeClock()
    portal, old_home = Portal(now=clock.now), Portal(now=clock.now)
    seed_company(portal)
    async with (
        SandboxServer(portal_app(portal)) as new,
        SandboxServer(portal_app(old_home)) as old,
    ):
        old_home.moved_to = new.url
        host = new.url.removeprefix("http://")
        endpoint = old.url + portal.webhook_path(ANN.user_id)
        pasted = linked(AccountKind.WEBHOOK, f"{old.url.removeprefix('http://')}/7")
        moved_before = account_of(BORIS, Provider.BITRIX24)
        keys = {
            pasted: Credentials(endpoint=endpoint),
            account_of(ANN, Provider.BITRIX24): Credentials(endpoint=endpoint),
            moved_before: Credentials(endpoint=new.url + portal.webhook_path(BORIS.user_id)),
        }
        async with directory_of(keys, clock, [old.url, new.url]) as (directory, client):
            before = await directory.member_of(pasted)
            deadline = clock.monotonic() + PATIENCE
            await client.call(PortalAuth(base=endpoint), get_profile(), Terms(deadline=deadline))
            members = [await directory.member_of(account) for account in keys]
            await directory.names_of(call_of(pasted, clock), [MARIA_ID])
            hits = portal.hits
            await directory.names_of(call_of(moved_before, clock), [MARIA_ID])

    assert before is not None
    assert before.place == old.url.removeprefix("http://")
    assert [member and member.place for member in members] == [host] * 3
    assert portal.hits == hits


async def test_two_portals_have_people_of_their_own() -> None:
    clock = FakeClock()
    acme, other = Portal(now=clock.now), Portal(now=clock.now)
    seed_company(acme)
    seed_company(other)
    other.users[MARIA.user_id].name, other.users[MARIA.user_id].last_name = "Mary", "Poe"
    async with SandboxServer(portal_app(acme)) as one, SandboxServer(portal_app(other)) as two:
        here, there = account_of(ANN, Provider.BITRIX24), account_of(BORIS, Provider.BITRIX24)
        keys = {
            here: Credentials(endpoint=one.url + acme.webhook_path(ANN.user_id)),
            there: Credentials(endpoint=two.url + other.webhook_path(BORIS.user_id)),
        }
        async with directory_of(keys, clock, [one.url, two.url]) as (directory, _):
            found = [
                await directory.names_of(call_of(account, clock), [MARIA_ID])
                for account in (here, there, here)
            ]

    mine, theirs = {MARIA_ID: MARIA.full_name}, {MARIA_ID: "Mary Poe"}
    assert found == [mine, theirs, mine]


async def test_a_plan_that_does_not_allow_it_is_told_and_what_is_remembered_proves_nothing(
    office: AtBitrix24,
) -> None:
    chat, store = FakePlatform(office.clock), MemoryStore(office.clock)
    troubles = Troubles(
        owner=identity_of(ANN),
        log=ForgetfulLog(),
        platforms={chat.name: chat},
        memory=Memory(store),
        people=store,
        clock=office.clock,
        default_language="en",
    )
    watched = WatchedDirectory(office.directory, troubles)
    call = call_of(office.ann, office.clock)
    assert await watched.member_of(office.ann) == office.member(ANN.user_id)
    assert await watched.names_of(call, [ANN_ID]) == {ANN_ID: ANN.full_name}
    office.portal.force_error("ACCESS_DENIED", 403, operation="*")

    with pytest.raises(ProviderPlanError):
        await watched.names_of(call, [MARIA_ID])
    await watched.names_of(call, [ANN_ID])
    await troubles.drain()

    said = [word for _, delivery in chat.posted for word in delivery.reply.said]
    assert (watched.name, said) == (Provider.BITRIX24, ["trouble.plan"])
