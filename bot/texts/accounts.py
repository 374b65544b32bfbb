"""How a person's accounts are told, and how they come to have one."""

from collections.abc import Iterable, Mapping

from bot.domain.accounts import Account, AccountKind, AccountState
from bot.domain.chat import Button
from bot.domain.providers import Provider
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
    """Add that it was linked, what it may do, and what to do with it."""
    draft.add(M.LINK_DONE, **shown(draft.texts, account))
    draft.add(M.LINK_RIGHTS, names=", ".join(account.scopes) or UNNAMED)
    return draft.add(M.LINK_NEXT)


def add_accounts(draft: Draft, accounts: Iterable[Account]) -> Draft:
    """Add a line for each, or that there is none."""
    lines = list(accounts)
    draft.add(M.LINK_LINKED if lines else M.LINK_NOTHING)
    for account in lines:
        if account.kind is AccountKind.ENVIRONMENT:
            draft.add(M.LINK_ENVIRONMENT, provider=account.provider)
        else:
            dead = account.state is AccountState.SIGN_IN_AGAIN
            sentence = M.LINK_ACCOUNT_DEAD if dead else M.LINK_ACCOUNT
            draft.add(sentence, **shown(draft.texts, account))
    return draft


def add_ways_to_link(draft: Draft, pages: Mapping[Provider, str]) -> list[list[Button]]:
    """Add how to link an account; a button for each page at which one can sign in."""
    if pages:
        draft.add(M.LINK_HOW_SIGN_IN)
    else:
        draft.add(M.LINK_HOW_BITRIX24).add(M.LINK_HOW_CRONOFY).add(M.LINK_IS_A_KEY)
        draft.add(M.LINK_OPERATOR_COULD)
    say = draft.texts.say
    return [
        [Button(label=str(say(M.LINK_SIGN_IN, provider=provider).unescape()), url=url)]
        for provider, url in pages.items()
    ]
