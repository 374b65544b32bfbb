"""The words by which people say how long, as data. `bot.commands.spans` says how they are read.

Each entry is in lower case, with `е` for `ё` and a plain apostrophe. Of several entries that start
at one word, the longest counts.
"""

from collections.abc import Mapping, Sequence
from typing import Final

UNTIL: Sequence[str] = ("until", "till", "til", "до")
FOR: Sequence[str] = ("for", "на", "в течение")
DURING: Sequence[str] = ("during", "for the duration of", "во время", "на время")
WHILE: Sequence[str] = ("пока",)
"""Before what is said, one of them at most."""

END_OF: Sequence[str] = ("the end of", "end of", "конца", "окончания", "завершения")
START_OF: Sequence[str] = ("the start of", "start of", "the beginning of", "начала")
"""After "until", before an event."""

OVER: Sequence[str] = (
    *("ends", "is over", "over", "is finished", "finishes", "is done"),
    *("закончится", "кончится", "завершится"),
)
BEGINS: Sequence[str] = ("starts", "begins", "начнется")
"""After "until" and an event."""

GOES_ON: Sequence[str] = (*("идет", "длится", "не закончится", "не кончится", "не завершится"),)
"""After "while", before or after an event."""

MEETINGS: Sequence[str] = (
    *("meeting", "meeting's", "call", "call's", "event", "appointment", "встреча", "встречи"),
    *("встречу", "совещание", "совещания", "созвон", "созвона", "звонок", "звонка", "собрание"),
    *("собрания", "мероприятие", "мероприятия", "событие", "события"),
)
"""Alone, they mean the meeting that is on, or the one ahead."""
AROUND_MEETINGS: Sequence[str] = (
    *("the", "this", "my", "our", "current", "ongoing", "эта", "эту", "этой", "это", "этого"),
    *("этот", "моей", "моего", "нашей", "нашего", "текущей", "текущего", "текущую"),
)
"""Beside these, and mean no more than alone."""
NEXT: Final = "next"
"""What "until the meeting" means, in a word that names events."""
NOTHING: Sequence[str] = ("end", "the end", "start", "the start", "beginning", "the beginning")
"""After "until", with nothing more: the end of what?"""

_WHOLE_DAYS: Sequence[str] = ("the day", "day", "the working day", "my working day", "working day")
_RUSSIAN_DAYS: Sequence[str] = ("дня", "рабочего дня")

COMMON: Mapping[str, Sequence[str]] = {
    "and": ("и",),
    "a": ("an", "of", "of a", "of an"),
    "at": ("в", "во", "до", "until", "till", "til"),
    # What takes a number, and what may go without.
    "h": ("hr", "hrs", "ч"),
    "hour": ("hours", "час", "часа", "часов", "часу", "часик", "часика"),
    "m": ("min", "mins", "мин"),  # «м» looks like it
    "minute": ("minutes", "минута", "минуту", "минуты", "минут", "минутку", "минуток"),
    "d": ("д", "дн"),
    "day": ("days", "день", "дней", "сутки", "суток"),
    "w": ("wk", "wks", "нед"),
    "week": ("weeks", "неделя", "неделю", "недели", "недель"),
    "half": ("пол",),
    "half hour": ("полчаса", "получаса", "полчасика"),
    "quarter": ("четверть", "четверти"),
    "and half": ("and a half", "с половиной"),
    # With as many digits it is neither a clock time nor a date.
    "1.500": ("полтора", "полутора", "полторы"),
    # Times of day. «3 дня» may be three days as well.
    "oclock": ("o'clock", "oclock"),
    "am": ("a.m",),
    "pm": ("p.m", "in the afternoon", "afternoon"),
    "day/pm": ("дня",),
    "morning": ("the morning", "in the morning", "утра", "утро"),
    "evening": ("the evening", "in the evening", "this evening", "tonight", "вечера", "вечер"),
    "night": ("at night", "ночи"),
    "noon": ("midday", "полудня", "полдень"),
    "midnight": ("полуночи", "полночь"),
    "half past": ("half after",),
    "half before": ("половины", "половина"),
    # Days.
    "today": ("сегодня", "сегодняшнего дня"),
    "tomorrow": ("завтра", "завтрашнего", "завтрашнего дня"),
    "day after tomorrow": ("the day after tomorrow", "послезавтра"),
    "next week": ("the next week", "следующей недели"),
    "eod": (
        *(f"{end} {day}" for end in ("the end of", "end of") for day in _WHOLE_DAYS),
        *(f"{end} {day}" for end in ("конца", "конец", "окончания") for day in _RUSSIAN_DAYS),
        *("all day", "the rest of the day", "весь день", "остаток дня"),
    ),
    "end of": ("the end of", "конца"),
    "eow": (
        *("the end of the week", "end of the week", "end of week", "конца недели"),
        *("the end of the working week", "конца рабочей недели"),
    ),
}
"""What is written in several ways, by how the patterns spell it."""

NUMBERS: Mapping[int, Sequence[str]] = {
    1: ("one", "один", "одна", "одну", "одного"),
    2: (
        "two",
        "a couple of",
        "a couple",
        "couple of",
        "два",
        "две",
        "двух",
        "двое",
        "пара",
        "пару",
    ),
    3: ("three", "три", "трех", "трое"),
    4: ("four", "четыре", "четырех"),
    5: ("five", "пять", "пяти"),
    6: ("six", "шесть", "шести"),
    7: ("seven", "семь", "семи"),
    8: ("eight", "восемь", "восьми"),
    9: ("nine", "девять", "девяти"),
    10: ("ten", "десять", "десяти"),
    11: ("eleven", "одиннадцать", "одиннадцати"),
    12: ("twelve", "двенадцать", "двенадцати"),
    15: ("fifteen", "пятнадцать", "пятнадцати"),
    20: ("twenty", "двадцать", "двадцати"),
    30: ("thirty", "тридцать", "тридцати"),
    40: ("forty", "сорок", "сорока"),
}
ORDINALS: Mapping[int, Sequence[str]] = {
    1: ("первого",),
    2: ("второго",),
    3: ("третьего",),
    4: ("четвертого",),
    5: ("пятого",),
    6: ("шестого",),
    7: ("седьмого",),
    8: ("восьмого",),
    9: ("девятого",),
    10: ("десятого",),
    11: ("одиннадцатого",),
    12: ("двенадцатого",),
}
"""The hour that is half over in «половина третьего»."""

WEEKDAYS: Mapping[str, Sequence[str]] = {
    "monday": ("mon", "понедельник", "понедельника", "пн"),
    "tuesday": ("tue", "tues", "вторник", "вторника", "вт"),
    "wednesday": ("wed", "среда", "среду", "среды", "ср"),
    "thursday": ("thu", "thur", "thurs", "четверг", "четверга", "чт"),
    "friday": ("fri", "пятница", "пятницу", "пятницы", "пт"),
    "saturday": ("sat", "суббота", "субботу", "субботы", "сб"),
    "sunday": ("sun", "воскресенье", "воскресенья", "вс"),
}
MONTHS: Mapping[str, Sequence[str]] = {
    "january": ("jan", "январь", "января", "янв"),
    "february": ("feb", "февраль", "февраля", "фев", "февр"),
    "march": ("mar", "март", "марта", "мар"),
    "april": ("apr", "апрель", "апреля", "апр"),
    "may": ("май", "мая"),
    "june": ("jun", "июнь", "июня", "июн"),
    "july": ("jul", "июль", "июля", "июл"),
    "august": ("aug", "август", "августа", "авг"),
    "september": ("sep", "sept", "сентябрь", "сентября", "сен", "сент"),
    "october": ("oct", "октябрь", "октября", "окт"),
    "november": ("nov", "ноябрь", "ноября", "ноя", "нояб"),
    "december": ("dec", "декабрь", "декабря", "дек"),
}
"""As `bot.texts.days` reads them, and as people write them."""

_MORNING: Final = {hour: hour for hour in range(12)}
_AFTERNOON: Final = {12: 12} | {hour: hour % 12 + 12 for hour in (*range(1, 12), *range(13, 24))}
PARTS: Mapping[str, Mapping[int, int]] = {
    "am": _MORNING | {12: 0},
    "pm": _AFTERNOON,
    "morning": _MORNING,
    "day/pm": {said: hour for said, hour in _AFTERNOON.items() if said not in range(7, 12)},
    "evening": {said: hour for said, hour in _AFTERNOON.items() if hour >= 16} | {12: 0},  # noqa: PLR2004
    "night": {hour: hour for hour in (*range(6), 22, 23)} | {12: 0, 9: 21, 10: 22, 11: 23},
}
"""The hour of a day, by the part of the day and the hour that was said with it."""
