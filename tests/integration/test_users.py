"""`rsvp-bot users`: who is listed, and what is left of somebody who was removed."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app.database import open_storage
from bot.app.users import Users
from bot.domain.accounts import Account, AccountKind, AccountState, Credentials
from bot.domain.chat import Conversation, ConversationKind, Identity, IncomingMessage, Platform
from bot.domain.inbox import Membership, Person
from bot.domain.journal import Change, ChangeKind
from bot.domain.providers import Provider
from bot.domain.sign_ins import SignInAttempt
from bot.errors import ConfigError, NotAllowedError
from bot.sandbox.company import ANN, BORIS
from bot.services.access import AllowList
from bot.settings import Settings, load
from bot.storage import tables
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database, connections_of
from bot.storage.engine import open_engine, parse_url
from bot.storage.keys import new_key
from bot.storage.people import SqlPeople
from bot.storage.vault import Vault
from tests.fakes.bot import identity_of, running_bot
from tests.fakes.clock import START, FakeClock
from tests.fakes.postgres import postgres_database

HER, HIM = identity_of(ANN), identity_of(BORIS)
KEY = new_key()
SECRET = "s3cr3t"
PORTAL = Account(
    account_id="b7",
    owner=HER,
    provider=Provider.BITRIX24,
    kind=AccountKind.OAUTH,
    subject="acme.bitrix24.com/7",
    name="Anna of the portal",
    place="acme.bitrix24.com",
    linked_at=START,
)
CALENDARS = replace(
    PORTAL,
    account_id="c7",
    provider=Provider.CRONOFY,
    subject="acc_1",
    place="ann@acme.example",
    state=AccountState.SIGN_IN_AGAIN,
)
CREDENTIALS = Credentials(endpoint=f"https://acme.bitrix24.com/rest/7/{SECRET}/")
HERE = Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=ConversationKind.DIRECT)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database that a bot has made."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/bot.db"
        async with open_storage(address, FakeClock(), secret_keys=[KEY]):
            pass
        yield address
        return
    async with postgres_database(request.getfixturevalue("postgres")) as address:
        async with open_storage(address, FakeClock(), secret_keys=[KEY]):
            pass
        yield address


class Office:
    """The command line, and what it has printed."""

    def __init__(self, url: str, *, language: str = "en", owner: str | None = None) -> None:
        self.settings = load(
            Settings,
            _env_file=None,
            telegram_token="7001:token",
            database_url=url,
            default_language=language,
            owner=owner,
        )

    async def users(self) -> str:
        out = io.StringIO()
        assert await Users(self.settings, FakeClock(), out).show() == 0
        return self._said(out)

    async def remove(
        self, identity: Identity, ask: Callable[[], str] | None = None
    ) -> tuple[int, str]:
        out = io.StringIO()
        code = await Users(self.settings, FakeClock(), out).remove(identity, ask=ask)
        return code, self._said(out)

    async def admit(self, identity: Identity) -> tuple[int, str]:
        out = io.StringIO()
        code = await Users(self.settings, FakeClock(), out).admit(identity)
        return code, self._said(out)

    @staticmethod
    def _said(out: io.StringIO) -> str:
        said = out.getvalue()
        assert SECRET not in said
        return said


async def fill(url: str) -> None:
    """Ann with everything that can be known of her; Boris was only met."""
    async with open_storage(url, FakeClock(), secret_keys=[KEY]) as storage:
        store, book = storage.store, storage.book
        for number, (identity, name) in enumerate(((HER, "Ann Hill"), (HIM, "Борис\x1b[31m"))):
            person = Person(identity=identity, language="en", timezone="UTC", name=name)
            await store.save_person(person)
            membership = Membership(identity=identity, chat_id="-1", belongs=True, checked_at=START)
            await store.save_membership(membership)
            message = IncomingMessage(
                key=f"telegram:{number}",
                message_id="1",
                sender=identity,
                conversation=HERE,
                text="/status 651",
                sent_at=START,
            )
            [entry] = await store.add([message])
            change = Change(
                owner=identity,
                at=START,
                conversation=HERE,
                provider=Provider.BITRIX24,
                kind=ChangeKind.ANSWER,
            )
            await store.settle(entry, [], [], [change])
        for account in (PORTAL, CALENDARS):
            await book.link(account, CREDENTIALS)
        await storage.sign_ins.add(
            SignInAttempt(
                attempt_id="s1",
                owner=HER,
                asker="Ann",
                provider=Provider.CRONOFY,
                language="en",
                entry_id=1,
                expires_at=START + timedelta(minutes=10),
                link="hash",
            )
        )


async def count_rows(url: str) -> dict[str, int]:
    connections = connections_of(await open_engine(parse_url(url)))
    found = {}
    for table in tables.metadata.sorted_tables:
        [[count]] = await connections.read(sa.select(sa.func.count()).select_from(table))
        found[table.name] = count
    await connections.close()
    return found


async def test_everybody_is_listed_with_their_accounts(url: str) -> None:
    await fill(url)

    lines = (await Office(url).users()).splitlines()
    said = [" ".join(line.split()) for line in lines]
    [person, *_] = lines

    day = said[1].split()[3]
    assert person.split() == ["person", "name", "since", "account", "where", "state"]
    assert said[1] == f"telegram:7 Ann Hill {day} Bitrix24 acme.bitrix24.com linked"
    assert said[2] == "Cronofy ann@acme.example has to sign in again"
    assert said[3] == f"telegram:1 Борис [31m {day} none"
    assert len(day) == len("2026-03-02")
    assert len(said) == 4
    assert [line.index("acme") for line in lines[1:2]] == [person.index("where")]
    assert not any(word in "".join(lines) for word in ("\x1b", "Anna of the portal", "acc_1"))


@pytest.mark.parametrize(
    ("language", "nobody", "heading"),
    [("en", "Nobody has written", "person"), ("ru", "ещё никто не писал", "человек")],
)
async def test_the_list_speaks_the_operators_language(
    url: str, language: str, nobody: str, heading: str
) -> None:
    office = Office(url, language=language)
    assert nobody in await office.users()
    await office.remove(HIM)

    listed = await office.users()

    assert listed.startswith(heading)
    assert {"en": "removed and refused", "ru": "удалён, не допускается"}[language] in listed


async def test_since_when_somebody_is_known_is_not_changed_by_what_is_learnt_later(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    moments = []
    async with open_storage(url, FakeClock()) as storage:
        for language in ("en", "ru"):
            await storage.store.save_person(Person(identity=HER, language=language, timezone="UTC"))
            [row] = await storage.store._database.read(sa.select(tables.people))
            moments.append((row.language, row.met_at))

    assert [language for language, _ in moments] == ["en", "ru"]
    assert moments[0][1] == moments[1][1] is not None


async def test_nothing_is_left_of_who_is_removed_but_the_refusal(url: str) -> None:
    await fill(url)
    before = await count_rows(url)
    asked = []

    def yes() -> str:
        asked.append(True)
        return "да\n"

    code, said = await Office(url).remove(HER, yes)

    assert (code, len(asked)) == (0, 1)
    assert "telegram:7 (Ann Hill)" in said
    assert "2 linked accounts" in said
    assert "only they can take it back" in said
    after = await count_rows(url)
    his = {"people": 1, "memberships": 1, "journal": 1, "inbox": 1}
    assert {name: before[name] for name in his} == dict.fromkeys(his, 2)
    assert {name: after[name] for name in his} == his
    assert {name for name in after if after[name]} == {*his, "refused"}
    assert after["refused"] == 1


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "no\n", "yess\n"])
async def test_without_a_clear_yes_nothing_is_changed(url: str, answer: str) -> None:
    await fill(url)
    before = await count_rows(url)

    code, said = await Office(url).remove(HER, lambda: answer)

    assert (code, "Nothing was changed." in said) == (1, True)
    assert await count_rows(url) == before


async def test_somebody_unknown_can_be_refused_beforehand(url: str) -> None:
    code, said = await Office(url).remove(HIM)

    assert (code, "I know nothing about telegram:1" in said) == (0, True)
    assert (await count_rows(url))["refused"] == 1
    assert (await Office(url).remove(HIM))[0] == 0
    assert (await count_rows(url))["refused"] == 1


async def test_the_owner_cannot_be_removed(url: str) -> None:
    await fill(url)
    before = await count_rows(url)

    code, said = await Office(url, owner="telegram:7").remove(HER)

    assert (code, "is OWNER" in said) == (2, True)
    assert await count_rows(url) == before


async def test_admitting_takes_the_refusal_back(url: str) -> None:
    office = Office(url)
    await office.remove(HER)

    first, second = await office.admit(HER), await office.admit(HER)

    assert (first[0], "refused no longer" in first[1]) == (0, True)
    assert (second[0], "was not refused" in second[1]) == (0, True)
    assert (await count_rows(url))["refused"] == 0


async def test_a_running_bot_notices_both(url: str) -> None:
    ours = Database(await open_engine(parse_url(url)), look_every=0.01)
    ours.start()
    people = SqlPeople(ours)
    book = SqlAccounts(ours, Vault(lambda: [KEY]), FakeClock())
    seen = [await people.is_refused(HER)]
    office = Office(url)

    for command, expected in ((office.remove(HER), True), (office.admit(HER), False)):
        await command
        async with asyncio.timeout(5):
            while True:
                if await people.is_refused(HER) is expected:
                    break
                await asyncio.sleep(0.01)
        seen.append(expected)
        if expected:
            # A sign-in that was under way all the while.
            with pytest.raises(NotAllowedError):
                await book.link(PORTAL, CREDENTIALS)
            assert list(await book.accounts_of(HER)) == []
    await book.link(PORTAL, CREDENTIALS)
    await ours.stop()

    assert seen == [False, True, False]


async def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path}/elsewhere/bot.db")

    with pytest.raises(ConfigError, match="no database yet"):
        await office.users()
    with pytest.raises(ConfigError, match="no database yet"):
        await office.remove(HER)

    assert list(tmp_path.iterdir()) == []


async def test_a_removed_person_is_a_stranger_whatever_the_lists_say() -> None:
    group = "-100200"
    lists = AllowList(owner=HER, users=(str(HIM),), chats=(f"telegram:{group}",))
    async with running_bot(access=lists) as bot:

        async def said(in_group: str | None = None) -> list[str]:
            replies = await bot.say("/presence", who=BORIS, group=in_group)
            return [reply.said[0] for reply in replies]

        before = [await said(), await said(group)]
        await bot.store.refuse(HIM, START)
        refused = [await said(), await said(group)]
        await bot.store.admit(HIM)
        after = [await said(), await said(group)]

    assert before == after == [["presence.none"], ["presence.none"]]
    assert refused == [["access.not_allowed"], []]


async def test_the_owner_is_the_operators_last_word() -> None:
    async with running_bot(access=AllowList(owner=HER)) as bot:
        await bot.store.refuse(HER, START)

        [reply] = await bot.say("/presence")

    assert reply.said[0] == "presence.none"
