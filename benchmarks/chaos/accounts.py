"""Everybody's accounts, put into the bot's database before it starts, as if they had linked."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.chaos.town import Person, Town
from bot.app.clock import SystemClock
from bot.app.database import open_storage
from bot.domain.accounts import Account, AccountKind, Credentials
from bot.domain.chat import Identity, Platform
from bot.domain.inbox import Person as Known
from bot.domain.providers import Provider
from bot.sandbox.bitrix24 import Consent, Portal
from bot.sandbox.cronofy import Cronofy
from bot.sandbox.cronofy.model import DEFAULT_SCOPES, SANDBOX_APPLICATION

_CLIENT_ID, _CLIENT_SECRET = "local.chaos", "client-secret-of-the-portal-app"
_TOKEN_LIVES = 3600


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the vendors are."""

    portal: str
    token_server: str
    cronofy: str


def application_settings(portal: str, token_server: str) -> dict[str, str]:
    """What the bot has to know to renew tokens."""
    return {
        "BITRIX24_PORTAL": portal,
        "BITRIX24_OAUTH_URL": token_server,
        "BITRIX24_CLIENT_ID": _CLIENT_ID,
        "BITRIX24_CLIENT_SECRET": _CLIENT_SECRET,
        "CRONOFY_CLIENT_ID": SANDBOX_APPLICATION.client_id,
        "CRONOFY_CLIENT_SECRET": SANDBOX_APPLICATION.secrets[0],
    }


async def link_everybody(
    town: Town, portal: Portal, cronofy: Cronofy, addresses: Addresses, folder: Path
) -> None:
    """Fill a new database in that folder."""
    portal.add_application(_CLIENT_ID, _CLIENT_SECRET, "", {"calendar", "im"}, "RSVP bot")
    async with open_storage(f"sqlite:///{folder}/bot.db", SystemClock()) as storage:
        for person in town.people:
            owner = Identity(platform=Platform.TELEGRAM, user_id=str(person.number))
            await storage.store.save_person(
                Known(
                    identity=owner,
                    language=person.language,
                    timezone=person.timezone,
                    chosen=True,
                )
            )
            if person.cronofy:
                credentials = _at_cronofy(person, cronofy, addresses)
                account = _account(owner, person, AccountKind.TOKEN, person.sub)
            else:
                credentials = _at_portal(person, portal, addresses)
                host = addresses.portal.removeprefix("http://")
                account = _account(
                    owner, person, AccountKind.WEBHOOK, f"{host}/{person.number}", host
                )
            await storage.book.link(account, credentials)


def _account(
    owner: Identity, person: Person, kind: AccountKind, subject: str, place: str = ""
) -> Account:
    return Account(
        account_id=f"account-{person.number}",
        owner=owner,
        provider=Provider.CRONOFY if person.cronofy else Provider.BITRIX24,
        kind=AccountKind.OAUTH if person.renews else kind,
        subject=subject,
        name=f"Name{person.number}",
        place=place,
        scopes=DEFAULT_SCOPES if person.cronofy else ("calendar", "im"),
        linked_at=datetime.now(UTC),
    )


def _at_portal(person: Person, portal: Portal, addresses: Addresses) -> Credentials:
    if not person.renews:
        return Credentials(endpoint=addresses.portal + portal.webhook_path(person.number))
    granted = portal.oauth.open_grant(
        Consent(
            portal=portal,
            portal_url=addresses.portal,
            client_id=_CLIENT_ID,
            user_id=person.number,
        )
    )
    return Credentials(
        endpoint=f"{addresses.portal}/rest/",
        access_token=granted.access_token,
        refresh_token=granted.refresh_token,
    )


def _at_cronofy(person: Person, cronofy: Cronofy, addresses: Addresses) -> Credentials:
    if not person.renews:
        token = cronofy.issue_personal_token(person.sub)
        return Credentials(endpoint=addresses.cronofy, access_token=token)
    tokens = cronofy.grants.open(
        client_id=SANDBOX_APPLICATION.client_id,
        sub=person.sub,
        scopes=DEFAULT_SCOPES,
        expires_in=_TOKEN_LIVES,
    )
    return Credentials(
        endpoint=addresses.cronofy,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
    )
