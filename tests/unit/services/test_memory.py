"""What was said to somebody: nobody answers what was said to another."""

from markupsafe import Markup

from bot.domain.chat import Conversation, ConversationKind, Identity, Platform, Reply, Visibility
from bot.domain.inbox import Delivery
from bot.domain.participation import EventRef
from bot.domain.providers import Provider
from bot.services.memory import Memory
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.store import MemoryStore

ANN = Identity(platform=Platform.TELEGRAM, user_id="7")
CARL = Identity(platform=Platform.TELEGRAM, user_id="3")
GROUP = Conversation(platform=Platform.TELEGRAM, chat_id="-100200", kind=ConversationKind.GROUP)
EVENT = EventRef(provider=Provider.BITRIX24, event_id="651", account_id="account-7")


async def test_a_card_in_a_group_names_its_event_to_the_one_it_was_made_for(
    clock: FakeClock,
) -> None:
    store, chat = MemoryStore(clock), FakePlatform(clock)
    asked = chat.message(ANN, "/status 651", group=GROUP.chat_id)
    [entry] = await store.add([asked])
    card = Reply(text=Markup("Review"), about=EVENT, visibility=Visibility.CONVERSATION)
    delivery = Delivery(delivery_id=0, to=ANN, conversation=GROUP, reply=card)
    [kept] = await store.settle(entry, [delivery], [])
    await store.delivered(kept, "m1")
    memory = Memory(store)

    named = {
        who: await memory.card_replied_to(
            chat.message(who, "yes", group=GROUP.chat_id, reply_to="m1")
        )
        for who in (ANN, CARL)
    }

    assert named == {ANN: EVENT, CARL: None}
