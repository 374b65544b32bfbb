"""The owner's accounts: the portal and Cronofy, and what may be done there."""

from collections.abc import Sequence

from bot.app.doctor.findings import Finding, failed, ok, plain, say, skipped, warning
from bot.app.doctor.reading import WEBHOOK
from bot.app.doctor.tools import Tools, told
from bot.clients.bitrix24 import calendar, rights
from bot.clients.bitrix24.address import AddressRefusedError, PortalAddresses
from bot.clients.bitrix24.api import BatchAnswer, PortalAuth
from bot.clients.bitrix24.client import Bitrix24Client
from bot.clients.bitrix24.client import Terms as PortalTerms
from bot.clients.cronofy.api import AccountRow, CronofyAuth, api_base
from bot.clients.cronofy.client import CronofyClient, Terms, limit_of
from bot.errors import ProviderError, ProviderUnavailableError, TransportError
from bot.texts import M
from bot.transport.limits import Limiters

PORTAL_SOURCE, CRONOFY_SOURCE = "Bitrix24", "Cronofy"
PORTAL_SCOPES = ("calendar", "im")
"""https://apidocs.bitrix24.com/api-reference/scopes/permissions.html"""
CRONOFY_SCOPES = ("read_events", "change_participation_status")
"""https://docs.cronofy.com/developers/api/authorization/request-authorization/"""
_BUNDLES = frozenset({"read_write", "write_only", "full_access"})
"""Scopes that stand for several; which ones is documented nowhere."""
_REFUSED_ADDRESS = {
    "malformed": (M.DOCTOR_PORTAL_MALFORMED, M.DOCTOR_PORTAL_MALFORMED_ADVICE),
    "not_https": (M.DOCTOR_PORTAL_NOT_HTTPS, M.DOCTOR_PORTAL_MALFORMED_ADVICE),
    "unknown_host": (M.DOCTOR_PORTAL_UNKNOWN_HOST, M.DOCTOR_PORTAL_UNKNOWN_HOST_ADVICE),
}


async def check_owner(tools: Tools) -> Sequence[Finding]:
    """Whether somebody owns the accounts below."""
    name = M.DOCTOR_NAME_OWNER
    if (fault := tools.reading.first_fault("OWNER")) is not None:
        return [skipped(name, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))]
    if tools.settings.owner is None:
        return [warning(name, say(M.DOCTOR_OWNER_NONE), advice=say(M.DOCTOR_OWNER_ADVICE))]
    return [ok(name, say(M.DOCTOR_OWNER_OK, owner=tools.settings.owner))]


def portal_addresses(allowed: Sequence[str], webhook: str | None) -> PortalAddresses:
    """What may be a portal, as `run` judges it; a malformed webhook lists nothing."""
    try:
        return PortalAddresses(allowed, [] if webhook is None else [webhook])
    except AddressRefusedError:
        return PortalAddresses(allowed)


async def check_portal(tools: Tools) -> Sequence[Finding]:
    """Whose webhook it is, and what it may do: one hit on the portal."""
    name, secret = M.DOCTOR_NAME_PORTAL, tools.settings.bitrix24_webhook_url
    if secret is None:
        return [skipped(name, say(M.DOCTOR_PORTAL_NONE))]
    webhook = secret.get_secret_value()
    addresses = portal_addresses(tools.settings.bitrix24_allowed_hosts, webhook)
    try:
        addresses.judge(webhook)
    except AddressRefusedError as error:
        said, advice = _REFUSED_ADDRESS[str(error)]
        return [failed(name, say(said), advice=say(advice), of_setting=True)]
    try:
        answer = await _ask_portal(tools, addresses, webhook)
    except (ProviderError, TransportError) as error:
        return [_portal_trouble(name, error)]
    return [_portal_owner(answer), _portal_rights(answer)]


async def _ask_portal(tools: Tools, addresses: PortalAddresses, webhook: str) -> BatchAnswer:
    settings = tools.settings
    client = Bitrix24Client(
        transport=tools.transport.named(PORTAL_SOURCE),
        limiters=Limiters(
            rate=settings.bitrix24_rate, burst=settings.bitrix24_burst, timer=tools.clock
        ),
        addresses=addresses,
        timer=tools.clock,
    )
    commands = {"profile": calendar.get_profile(), "scope": rights.get_scope()}
    return await client.batch(
        PortalAuth(base=webhook), commands, PortalTerms(deadline=tools.deadline)
    )


def _result(answer: BatchAnswer, key: str) -> object:
    if key in answer.errors:
        raise answer.errors[key]
    return answer.results.get(key)


def _portal_owner(answer: BatchAnswer) -> Finding:
    name = M.DOCTOR_NAME_PORTAL
    try:
        profile = calendar.parse_profile(_result(answer, "profile"))
    except ProviderError as error:
        return _portal_trouble(name, error)
    who = say(M.DOCTOR_PORTAL_OK, name=plain(profile.name), id=plain(profile.user_id))
    return ok(name, who)


def _portal_rights(answer: BatchAnswer) -> Finding:
    name = M.DOCTOR_NAME_PORTAL_RIGHTS
    try:
        granted = rights.parse_scope(_result(answer, "scope"))
    except ProviderError as error:
        return _portal_trouble(name, error)
    missing = [scope for scope in PORTAL_SCOPES if scope not in granted]
    if not missing:
        return ok(name, say(M.DOCTOR_RIGHTS_OK, names=", ".join(PORTAL_SCOPES)))
    said = say(M.DOCTOR_RIGHTS_MISSING, names=", ".join(missing))
    return failed(name, said, advice=say(M.DOCTOR_PORTAL_RIGHTS_ADVICE))


def _portal_trouble(name: M, error: ProviderError | TransportError) -> Finding:
    if isinstance(error, ProviderUnavailableError) and error.final:
        return failed(name, say(M.DOCTOR_PORTAL_GONE), advice=say(M.DOCTOR_PORTAL_GONE_ADVICE))
    refused = failed(name, say(M.DOCTOR_PORTAL_REFUSED), advice=say(M.DOCTOR_PORTAL_REFUSED_ADVICE))
    return told(name, error, setting=WEBHOOK, refused=refused)


async def check_cronofy(tools: Tools) -> Sequence[Finding]:
    """Whose token it is, at which data centre, and what it may do."""
    name, settings = M.DOCTOR_NAME_CRONOFY, tools.settings
    if settings.cronofy_access_token is None:
        return [skipped(name, say(M.DOCTOR_CRONOFY_NONE))]
    fault = tools.reading.first_fault("CRONOFY_DATA_CENTER", "CRONOFY_API_URL")
    if fault is not None:
        return [skipped(name, say(M.DOCTOR_SKIPPED_FAULT, setting=fault))]
    center = settings.cronofy_data_center
    base = settings.cronofy_api_url or api_base(center)
    where = "CRONOFY_API_URL" if settings.cronofy_api_url else f"CRONOFY_DATA_CENTER={center}"
    client = CronofyClient(
        transport=tools.transport.named(CRONOFY_SOURCE),
        limit=limit_of(settings.cronofy_rate, tools.clock),
        timer=tools.clock,
    )
    auth = CronofyAuth(base=base, token=settings.cronofy_access_token.get_secret_value())
    try:
        account = await client.account(auth, Terms(deadline=tools.deadline))
    except (ProviderError, TransportError) as error:
        said = say(M.DOCTOR_CRONOFY_REFUSED, where=where)
        refused = failed(name, said, advice=say(M.DOCTOR_CRONOFY_REFUSED_ADVICE))
        return [told(name, error, setting=where, refused=refused)]
    return [_cronofy_account(account, where), _cronofy_rights(account)]


def _cronofy_account(account: AccountRow, where: str) -> Finding:
    name = M.DOCTOR_NAME_CRONOFY
    who = say(M.DOCTOR_CRONOFY_OK, name=plain(account.name), where=where)
    if not account.disconnected:
        return ok(name, who)
    lost = say(M.DOCTOR_CRONOFY_LOST, count=account.disconnected)
    return warning(name, who, lost, advice=say(M.DOCTOR_CRONOFY_LOST_ADVICE))


def _cronofy_rights(account: AccountRow) -> Finding:
    name = M.DOCTOR_NAME_CRONOFY_RIGHTS
    missing = [scope for scope in CRONOFY_SCOPES if scope not in account.scopes]
    names = ", ".join(missing)
    if not missing:
        return ok(name, say(M.DOCTOR_RIGHTS_OK, names=", ".join(CRONOFY_SCOPES)))
    if not account.scopes or account.scopes & _BUNDLES:
        said = say(M.DOCTOR_RIGHTS_UNTOLD, names=names)
        return warning(name, said, advice=say(M.DOCTOR_RIGHTS_UNTOLD_ADVICE))
    said = say(M.DOCTOR_RIGHTS_MISSING, names=names)
    return failed(name, said, advice=say(M.DOCTOR_CRONOFY_RIGHTS_ADVICE))
