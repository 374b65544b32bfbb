"""One spelling for what looks the same to whoever typed it."""

import unicodedata

_LOOKALIKES = str.maketrans(
    {
        "а": "a",
        "в": "b",
        "с": "c",
        "ԁ": "d",
        "е": "e",
        "ё": "e",
        "н": "h",
        "һ": "h",
        "і": "i",
        "ї": "i",
        "ј": "j",
        "к": "k",
        "ӏ": "l",
        "м": "m",
        "о": "o",
        "р": "p",
        "ԛ": "q",
        "ѕ": "s",
        "т": "t",
        "ѵ": "v",
        "ԝ": "w",
        "х": "x",
        "у": "y",
        "ү": "y",
    }
)
"""Cyrillic letters that look like Latin ones, in lower or in upper case (`В` and `B`)."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""What an East Asian keyboard types for ASCII. Other digits (`²`, `٦`) are not what they seem."""

MARKS = "".join(
    map(
        chr,
        (
            *(0x00AD, 0x061C, 0x180E, 0xFEFF),
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2065),
            *range(0x2066, 0x206A),
        ),
    )
)
"""Characters that nobody sees: of no width, or telling the direction of writing.

All of them are of Unicode's category Cf, so that none survives where keys are looked for.
"""
_WITHOUT_MARKS = dict.fromkeys(map(ord, MARKS))


def narrowed(text: str) -> str:
    """The text with full-width characters as ASCII; every character stays in its place."""
    return text.translate(_FULL_WIDTH)


def spelled(word: str) -> str:
    """A word in lower case, without marks, accents joined to their letters, nothing full-width.

    For words and names, not for texts: joining accents can take the square of the length.
    """
    plain = word.translate(_WITHOUT_MARKS)
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", narrowed(plain))
    return plain.lower()


def look(word: str) -> str:
    """A spelled word by its looks: Cyrillic letters that look like Latin ones are these.

    Two words with the same look are the same word to whoever reads them. What comes out may be of
    both alphabets (`пpиhяtь`): it is for comparing, and for showing only if it is all ASCII.
    """
    return word.translate(_LOOKALIKES)
