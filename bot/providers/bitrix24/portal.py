"""What invitations and presence share: entering the portal, and writing with proof."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.clients.bitrix24.api import BatchAnswer, Command, PortalAuth
from bot.clients.bitrix24.client import Bitrix24Client, Terms
from bot.domain.accounts import Credentials
from bot.domain.participation import Confirmation
from bot.errors import ConnectFailed, ProviderError, RateLimitedError, TransportError
from bot.ports import AccountStore, Call
from bot.services.tokens import signed_in
from bot.transport.retry import ATTEMPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A write with the read that proves it.

    Attributes:
        write: What is set.
        read: What tells the value that is held.
        parse: Reads that value from the answer.
        wanted: The value after a write that worked.
        look: Read the value before the write too, in the same hit; it is not written without.
    """

    write: Command
    read: Command
    parse: Callable[[object], str | None]
    wanted: str
    look: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of a write.

    Attributes:
        confirmation: CONFIRMED if `held` was read after it, whatever it is; else PENDING or
            UNKNOWN, and `held` is what a second read said, None if that failed too.
        before: What was held before, if it was looked for and told.
    """

    confirmation: Confirmation
    held: str | None
    before: str | None = None


class Portal:
    """What calendar and presence share: signed-in calls, and writing with proof."""

    def __init__(self, client: Bitrix24Client, accounts: AccountStore) -> None:
        self._client = client
        self._accounts = accounts

    async def call(self, call: Call, command: Command) -> object:
        """Make one repeatable call in the name of the call's account.

        Raises:
            ProviderError: The portal refused or failed.
            TransportError: No complete answer.
        """
        return await signed_in(
            self._accounts,
            call.account,
            lambda credentials: self._client.call(_auth(credentials), command, terms_of(call)),
        )

    async def batch(self, call: Call, commands: Mapping[str, Command]) -> BatchAnswer:
        """Make several repeatable calls with one hit; see `Bitrix24Client.batch`."""
        return await self._batch(call, commands, terms_of(call), halt=False)

    async def write_and_read(self, call: Call, change: Change) -> Proof:
        """Write, and read back in the same hit."""
        refused: ProviderError | TransportError = ConnectFailed("batch", "not tried")
        for _ in range(ATTEMPTS):
            try:
                return await self._write_once(call, change)
            except (RateLimitedError, ConnectFailed) as error:
                if isinstance(error, RateLimitedError) and error.final:
                    raise
                refused = error
            # Refusals are said to come before anything is done. A look costs one hit; a second
            # write could cost the organizer a second notice.
            try:
                value = await self._read(call, change)
            except (ProviderError, TransportError):
                break
            if value == change.wanted:
                return Proof(confirmation=Confirmation.CONFIRMED, held=value)
        raise refused

    async def _write_once(self, call: Call, change: Change) -> Proof:
        taken, before = False, None
        terms = terms_of(call, repeatable=False, attempts=1)
        commands = {"set": change.write, "get": change.read}
        if change.look:
            commands = {"before": change.read, **commands}
        try:
            answer = await self._batch(call, commands, terms, halt=True)
            if error := answer.errors.get("before") or answer.errors.get("set"):
                raise error
            taken = answer.results.get("set") is True
            if "before" in answer.results:
                before = change.parse(answer.results["before"])
            if taken and "get" in answer.results:
                held = change.parse(answer.results["get"])
                return Proof(confirmation=Confirmation.CONFIRMED, held=held, before=before)
        except (ProviderError, TransportError) as error:
            if not (taken or error.may_have_happened):
                raise
        return await self._read_after_doubt(call, change, taken=taken, before=before)

    async def _read_after_doubt(
        self, call: Call, change: Change, *, taken: bool, before: str | None
    ) -> Proof:
        doubt = Confirmation.PENDING if taken else Confirmation.UNKNOWN
        try:
            value = await self._read(call, change)
        except (ProviderError, TransportError):
            return Proof(confirmation=doubt, held=None, before=before)
        # An old value is proof only if the portal said that it took the write: otherwise the
        # write may still be on its way.
        proven = taken or value == change.wanted
        confirmation = Confirmation.CONFIRMED if proven else doubt
        return Proof(confirmation=confirmation, held=value, before=before)

    async def _read(self, call: Call, change: Change) -> str | None:
        return change.parse(await self.call(call, change.read))

    async def _batch(
        self, call: Call, commands: Mapping[str, Command], terms: Terms, *, halt: bool
    ) -> BatchAnswer:
        return await signed_in(
            self._accounts,
            call.account,
            lambda credentials: self._client.batch(_auth(credentials), commands, terms, halt=halt),
        )


def _auth(credentials: Credentials) -> PortalAuth:
    return PortalAuth(base=credentials.endpoint, token=credentials.access_token)


def terms_of(call: Call, *, repeatable: bool = True, attempts: int = ATTEMPTS) -> Terms:
    """What the client needs to know of a call."""
    return Terms(
        deadline=call.deadline,
        priority=call.priority,
        repeatable=repeatable,
        attempts=attempts,
    )
