"""How a person's accounts are told."""

from bot.domain.accounts import Account
from bot.texts.ids import M
from bot.texts.words import Draft, Texts

UNNAMED = "—"


def shown(texts: Texts, account: Account) -> dict[str, str]:
    """What an account is called: `{provider}`, `{name}`, `{place}`, and its `{kind}` of key."""
    return {
        "provider": texts.provider(account.provider),
        "name": account.name or UNNAMED,
        "place": account.place or UNNAMED,
        "kind": str(texts.say(f"account.{account.kind}")),
    }


def add_linked(draft: Draft, account: Account) -> Draft:
    """Add that it was linked, and what it may do."""
    draft.add(M.LINK_DONE, **shown(draft.texts, account))
    return draft.add(M.LINK_RIGHTS, names=", ".join(account.scopes) or UNNAMED)
