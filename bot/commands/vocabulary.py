"""The words by which people answer, as data. `bot.commands.phrases` says how they are read.

Each entry is in lower case, with `е` for `ё` and a plain apostrophe. Words of one entry stand next
to each other, with nothing but spaces between.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.participation import Answer, ParticipationStatus

_YES: Final = ParticipationStatus.ACCEPTED
_NO: Final = ParticipationStatus.DECLINED
_MAYBE: Final = ParticipationStatus.TENTATIVE

WORDS: Mapping[Answer, Sequence[str]] = {
    _YES: ("yes", "yeah", "yea", "yep", "yup", "+1", "👍", "✅", "да", "да-да", "ага", "угу"),
    _NO: ("no", "nope", "nah", "👎", "❌", "нет", "нет-нет"),
    _MAYBE: ("maybe", "perhaps", "🤷", "возможно", "может", "может быть", "наверное", "наверно"),
}
"""Bare words."""

NODS: Sequence[str] = ("ok", "okay", "sure", "👌", "ок", "окей", "хорошо")
"""They accept if nothing else is said, and only nod if something is: "ok, can't make it"."""

STATEMENTS: Mapping[Answer, Sequence[str]] = {
    _YES: (
        *("i will", "i will be there", "i'll be there", "i will come", "i'll come"),
        "count me in",
        *("буду", "приду", "смогу", "приеду", "подключусь"),
    ),
    _NO: (
        *(
            f"{refusal}{what}"
            for refusal in ("can't", "cant", "cannot", "can not", "won't", "wont")
            for what in ("", " make it", " come", " attend", " be there")
        ),
        "not coming",
        *("не буду", "не приду", "не приеду", "не подключусь", "меня не будет"),
        *(
            f"{refusal}{what}"
            for refusal in ("не смогу", "не могу", "не получится")
            for what in ("", " прийти", " приехать", " подключиться")
        ),
    ),
    _MAYBE: (),
}
"""What says outright that somebody comes or does not."""

VERBS: Mapping[Answer, Sequence[str]] = {
    _YES: (
        *("accept", "i will accept", "i'll accept"),
        *("приму", "принять", "принимаю", "прими", "примите"),
    ),
    _NO: (
        *("decline", "i will decline", "i'll decline", "reject"),
        *("отклоню", "отклонить", "отклоняю", "отклони", "отклоните"),
        *("откажусь", "отказаться", "отказываюсь"),
    ),
    _MAYBE: (),
}
"""They take the name of an event, in any words."""

NEVER: Sequence[str] = ("да нет", "да не", "да конечно нет", "yeah no", "yeah nah", "no yeah")
"""All of their words are known, and nobody can tell from them what is meant."""

FILLERS: Sequence[str] = (
    *("please", "thanks", "thank you", "thx", "sorry", "unfortunately", "of course"),
    *("definitely", "absolutely", "certainly", "hi", "hello", "i"),
    *("пожалуйста", "спасибо", "благодарю", "извините", "простите", "к сожалению", "конечно"),
    *("обязательно", "точно", "с удовольствием", "привет", "здравствуйте", "добрый день", "я"),
    *("🙏", "🙂", "😊", "😀", "😃", "😄", "😉", "🎉", "❤", "😔", "😢"),
)
"""They stand beside an answer and change nothing about it."""

THIS: Sequence[str] = (
    *("it", "this", "this one", "that", "that one", "this meeting", "this event"),
    *("this invitation", "the invitation", "invitation", "это", "его", "эту встречу"),
    *("это событие", "это приглашение", "приглашение"),
)
"""After a verb: what lies before the person, not the words of a title."""

NEGATIONS: Sequence[str] = (
    *("not", "don't", "dont", "never", "can't", "cant", "cannot", "won't", "wont", "не"),
)
"""After a verb, they may turn its meaning round."""

PREPOSITIONS: Sequence[str] = ("to", "for", "на", "от")
"""Between an answer and an event's name; they are no part of it."""

JOINERS: Sequence[str] = ("and", "и", "&")
"""Between the names of two events."""

COURTESIES: Sequence[str] = ("please", "thanks", "thx", "пожалуйста", "спасибо")
"""Around an event's name; they are no part of it."""

QUESTION_MARKS = "?؟⁇⁈⁉❓❔¿"  # the full-width one is read as the first
"""Whoever asks does not answer."""

NEXT: Sequence[str] = (
    *("next", "следующее", "следующую", "следующая", "следующий", "следующего", "следующей"),
    *("следующем", "следующему", "ближайшее", "ближайшую", "ближайшая", "ближайший"),
    *("ближайшего", "ближайшей", "ближайшем", "ближайшему"),
)
LAST: Sequence[str] = (
    *("last", "последнее", "последнюю", "последняя", "последний", "последнего", "последней"),
    *("последнем", "последнему"),
)
AROUND_KEYWORDS: Sequence[str] = (
    *("the", "my", "one", "event", "meeting", "invitation", "мое", "мою", "мой", "событие"),
    *("события", "встреча", "встречу", "встречи", "приглашение", "приглашения"),
)
"""What "next" and "last" are said with, and mean no more than alone."""

EVERYTHING: Sequence[str] = (
    *("all", "everything", "every", "both", "them", "everyone", "any"),
    *("все", "всё", "всех", "всем", "оба", "обе", "их", "любое"),
)
"""They name no event in particular."""
