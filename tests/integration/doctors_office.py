"""The doctor among the emulators, in one process, and what it finds as plain data."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.app.clock import SystemClock
from bot.app.doctor import Finding, examine, read_settings
from bot.app.doctor.examination import exit_code
from bot.app.doctor.table import render
from bot.domain.zones import zone_of
from bot.ports import Clock
from bot.sandbox.bitrix24 import Portal, portal_app, seed_company
from bot.sandbox.company import ANN
from bot.sandbox.cronofy import Cronofy, cronofy_app, seed_calendars
from bot.sandbox.cronofy.seed import ANN_ACCOUNT
from bot.sandbox.server import SandboxServer
from bot.sandbox.telegram import TelegramEmulator, telegram_app
from bot.texts import LANGUAGES, M, Texts

TOKEN = "7001:sandbox-token-of-no-real-bot"

Row = tuple[str, tuple[M, ...], M | None]
"""Sign, what was said, what is advised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    findings: Sequence[Finding]

    @property
    def code(self) -> int:
        return exit_code(self.findings)

    @property
    def signs(self) -> str:
        return "".join(finding.sign.value for finding in self.findings)

    def rows(self, name: M) -> list[Row]:
        """All lines of that name."""
        return [
            (
                finding.sign.value,
                tuple(said.message for said in finding.said),
                None if finding.advice is None else finding.advice.message,
            )
            for finding in self.findings
            if finding.name is name
        ]

    def row(self, name: M) -> Row:
        """The one line of that name."""
        [row] = self.rows(name)
        return row

    def printed(self) -> str:
        """The table in every language, one after another."""
        return "\n".join(
            render(self.findings, Texts(language, zone_of("UTC")), coloured=False)
            for language in LANGUAGES
        )


@dataclass(slots=True, kw_only=True)
class Office:
    """The emulators, and settings that are right for them."""

    portal: Portal
    cronofy: Cronofy
    tg: TelegramEmulator
    settings: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)
    patience: float = 8.0

    async def examine(self, **changed: str | None) -> Diagnosis:
        """Examine with some settings changed, or taken away (None)."""
        given = {**self.settings, **changed}
        reading = read_settings(
            _env_file=None, **{name: value for name, value in given.items() if value is not None}
        )
        return Diagnosis(findings=await examine(reading, self.clock, patience=self.patience))


@asynccontextmanager
async def doctors_office(folder: Path) -> AsyncIterator[Office]:
    """Open it; where the emulators' clocks matter, they are the machine's."""
    portal, cronofy, tg = Portal(), Cronofy(), TelegramEmulator(token=TOKEN)
    seed_company(portal)
    seed_calendars(cronofy)
    async with AsyncExitStack() as stack:
        tg_url, portal_url, cronofy_url = [
            (await stack.enter_async_context(SandboxServer(app))).url
            for app in (telegram_app(tg), portal_app(portal), cronofy_app(cronofy))
        ]
        yield Office(
            portal=portal,
            cronofy=cronofy,
            tg=tg,
            settings={
                "telegram_token": TOKEN,
                "telegram_api_url": tg_url,
                "owner": f"telegram:{ANN.user_id}",
                "bitrix24_webhook_url": portal_url + portal.webhook_path(ANN.user_id),
                "cronofy_access_token": ANN_ACCOUNT.personal_token,
                "cronofy_api_url": cronofy_url,
                "database_url": f"sqlite:///{folder}/data/bot.db",
            },
        )
