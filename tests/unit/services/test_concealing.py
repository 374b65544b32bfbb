"""What is kept of a message that may hold a key."""

import pytest

import handlers
from bot.domain.chat import Conversation, ConversationKind, Identity, IncomingMessage, Platform
from bot.services.concealing import conceal
from tests.fakes.account_book import MemorySealer
from tests.fakes.clock import START

CODE = "k5j2h8s0d9f7g6h1"
HOOK = f"https://acme.bitrix24.com/rest/7/{CODE}/"
TOKEN = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"


def kept_of(text: str, *, group: bool = False) -> tuple[str, MemorySealer]:
    kind = ConversationKind.GROUP if group else ConversationKind.DIRECT
    message = IncomingMessage(
        key="telegram:1",
        message_id="1",
        sender=Identity(platform=Platform.TELEGRAM, user_id="7"),
        conversation=Conversation(platform=Platform.TELEGRAM, chat_id="7", kind=kind),
        text=text,
        sent_at=START,
    )
    sealer = MemorySealer()
    return conceal(message, sealer).text, sealer


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize(
    ("text", "kept", "secret"),
    [
        (f"/link {HOOK}", "/link sealed:1", HOOK),
        (f"/LINK  {HOOK} ", "/link sealed:1", HOOK),
        (f" /link\n{TOKEN}", "/link sealed:1", TOKEN),
        (f"/link:{TOKEN}", "/link sealed:1", TOKEN),
        (f"/link={TOKEN}", "/link sealed:1", TOKEN),
        (f"\u200b/link\u200b {TOKEN}", "/link sealed:1", TOKEN),
        (f"/link@acme_rsvp_bot {TOKEN}", "/link@acme_rsvp_bot sealed:1", TOKEN),
        (f"/link@other_bot {TOKEN}", "/link@other_bot sealed:1", TOKEN),
        (f"/lіnk {TOKEN}", "/link sealed:1", TOKEN),
        (f"/ＬINК {TOKEN}", "/link sealed:1", TOKEN),
        (f"／link {TOKEN}", "/link sealed:1", TOKEN),
        (f"/привязать {TOKEN}", "/link sealed:1", TOKEN),
        (f"/ПPИBЯЗAТЬ {TOKEN}", "/link sealed:1", TOKEN),
        ("/подключить@acme_rsvp_bot whatever", "/link@acme_rsvp_bot sealed:1", "whatever"),
        ("/link whatever it is", "/link sealed:1", "whatever it is"),
        (f"/link https%3A%2F%2Facme.bitrix24.com%2Frest%2F7%2F{CODE}%2F", "/link sealed:1", HOOK),
    ],
)
def test_what_follows_link_is_sealed(text: str, kept: str, secret: str, group: bool) -> None:
    said, sealer = kept_of(text, group=group)

    assert said == kept
    assert sealer.unseal(said.split()[1]) == secret


def test_link_is_sealed_by_whatever_name_it_is_called() -> None:
    (spec,) = [spec for spec in handlers.router().specs if spec.name == "link"]
    assert spec.aliases
    for name in (spec.name, *spec.aliases):
        said, sealer = kept_of(f"/{name} short")
        assert said == "/link sealed:1"
        assert sealer.unseal("sealed:1") == "short"


@pytest.mark.parametrize(
    "text", [HOOK, f" {HOOK}profile.json\n", HOOK.removeprefix("https://"), TOKEN, f"{TOKEN} "]
)
def test_a_key_alone_is_linked_in_private_and_blanked_in_a_group(text: str) -> None:
    said, sealer = kept_of(text)
    assert said == "/link sealed:1"
    assert sealer.unseal("sealed:1") == text.strip()

    said, sealer = kept_of(text, group=True)
    assert said.strip() == "…"
    assert sealer.unseal("sealed:1") is None


@pytest.mark.parametrize(
    "text",
    [
        "my key is {}",
        "link {}",
        "/linkk {}",
        "hi\n/link {}",
        "/me {}",
        "/start link {}",
        "@acme_rsvp_bot /link {}",
        "{},{}",
        "«{}»",
        "/status 651 {}",
    ],
)
@pytest.mark.parametrize(
    "key",
    [
        HOOK,
        TOKEN,
        HOOK.removeprefix("https://"),
        HOOK.replace("/rest/", "//rest//"),
        HOOK.replace("/rest/", "/rest/\n"),
        HOOK.replace("/rest/7/", "/rest/api/7/"),
        f"https%3A%2F%2Facme.bitrix24.com%2Frest%2F7%2F{CODE}%2F",
        TOKEN[:10] + "\u200b" + TOKEN[10:],
    ],
)
def test_a_key_anywhere_else_is_blanked(text: str, key: str) -> None:
    said, _ = kept_of(text.format(key, key))

    for secret in (CODE, TOKEN, TOKEN[:10]):
        assert secret not in said


@pytest.mark.parametrize(
    "text",
    [
        "/accept 651",
        "/status evt_external_0123456789abcdef01234567",
        "/accept evt_partner_interview-1 652",
        "/start r_123456789",
        "see https://acme.bitrix24.com/company/personal/user/7/calendar/?EVENT_ID=651",
        "нет, не смогу: конференция-в-другом-городе",
        "50% \u200b сделано",
        "",
    ],
)
def test_other_messages_are_left_as_they_are(text: str) -> None:
    assert kept_of(text)[0] == text
