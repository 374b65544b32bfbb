"""All that the pipeline keeps, in memory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.stores import Stores
from bot.ports import Claims, Store
from bot.services.troubles import ForgetfulLog
from tests.fakes.account_book import MemoryBook, MemorySealer
from tests.fakes.clock import FakeClock
from tests.fakes.group_cards import MemoryGroupCards, MemoryGroups
from tests.fakes.presence_book import MemoryAutomations, MemoryPresenceBook
from tests.fakes.sign_ins import MemorySignIns
from tests.fakes.store import MemoryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStores:
    """With a store on a database only what that store itself keeps is kept there."""

    store: Store
    claims: Claims
    book: MemoryBook
    sealer: MemorySealer
    sign_ins: MemorySignIns
    presences: MemoryPresenceBook
    automations: MemoryAutomations
    group_cards: MemoryGroupCards
    groups: MemoryGroups
    troubles: ForgetfulLog


def memory_stores(
    clock: FakeClock, store: Store, sign_ins: MemorySignIns, claims: Claims
) -> MemoryStores:
    memory = store if isinstance(store, MemoryStore) else MemoryStore(clock)
    return MemoryStores(
        store=store,
        claims=claims,
        book=MemoryBook(clock),
        sealer=MemorySealer(),
        sign_ins=sign_ins,
        presences=MemoryPresenceBook(clock),
        automations=MemoryAutomations(clock),
        group_cards=memory.group_cards,
        groups=memory.groups,
        troubles=ForgetfulLog(),
    )


if TYPE_CHECKING:
    _conforms: type[Stores] = MemoryStores
