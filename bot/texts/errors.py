"""What a person is told when something went wrong: what happened, what was changed, what to do."""

from datetime import datetime

from bot.domain.chat import Button
from bot.domain.participation import Event
from bot.domain.providers import Provider
from bot.errors import (
    BotError,
    ProviderAuthError,
    ProviderError,
    ProviderNotFoundError,
    ProviderPermissionError,
    ProviderPlanError,
    ProviderProtocolError,
    ProviderRequestError,
    ProviderUnavailableError,
    RateLimitedError,
    TransportError,
    UserError,
)
from bot.texts.ids import M
from bot.texts.words import Draft

_PROVIDER_ERRORS: tuple[tuple[type[ProviderError], M], ...] = (
    (ProviderAuthError, M.ERROR_SIGN_IN),
    (ProviderPermissionError, M.ERROR_PERMISSION),
    (ProviderPlanError, M.ERROR_PLAN),
    (ProviderNotFoundError, M.ERROR_NOT_FOUND),
    (ProviderRequestError, M.ERROR_REQUEST),
    (ProviderProtocolError, M.ERROR_PROTOCOL),
    (ProviderUnavailableError, M.ERROR_UNAVAILABLE),
)


def explain(
    draft: Draft, error: BotError, *, provider: Provider, now: datetime, reference: str
) -> Draft:
    """Add what an error means for the person.

    Only for errors after which surely nothing was changed; doubt about a write is no error but a
    result (`Confirmation.UNKNOWN`).

    Args:
        draft: Where the sentences go.
        error: What happened.
        provider: Whom the command was talking to.
        now: For writing times.
        reference: Leads to the log line; added where somebody may want to look there.
    """
    if isinstance(error, UserError):
        return _explain_user_error(draft, error, now)
    name = draft.texts.provider(provider)
    match error:
        case RateLimitedError(retry_after=None):
            return draft.add(M.ERROR_SLOW_DOWN_LATER, provider=name)
        case RateLimitedError(retry_after=float() | int() as wait):
            return draft.add(M.ERROR_SLOW_DOWN, provider=name, wait=draft.texts.ahead(wait))
        case ProviderAuthError(status=423):
            return draft.add(M.ERROR_RECONNECT, provider=name)
        case ProviderUnavailableError(code="ADDRESS_REFUSED"):
            draft.add(M.ERROR_ADDRESS_REFUSED, provider=name)
        case ProviderUnavailableError(final=True):
            draft.add(M.ERROR_UNAVAILABLE_FOR_LONG, provider=name)
        case ProviderError():
            sentence = next(said for kind, said in _PROVIDER_ERRORS if isinstance(error, kind))
            draft.add(sentence, provider=name)
            if isinstance(error, ProviderAuthError):
                label = str(draft.texts.say(M.LINK_AGAIN))
                draft.offer(Button(label=label, command_line="/link"))
        case TransportError():
            draft.add(M.ERROR_NO_CONNECTION, provider=name)
        case _:
            draft.add(M.ERROR_INTERNAL)
    return draft.add(M.ERROR_REFERENCE, reference=reference)


def _explain_user_error(draft: Draft, error: UserError, now: datetime) -> Draft:
    values = dict(error.values)
    event = values.pop("event", None)
    if not isinstance(event, Event):
        return draft.add(error.message, **values)
    draft.add(error.message, title=draft.texts.title(event), **values)
    return draft.add(M.EVENT_LINE, when=draft.texts.when(event, now), id=event.ref.name)
