"""Texts from outside, before anybody believes that they are texts."""


def whole_characters(text: str) -> str:
    """A text without what databases and wires cannot hold, though JSON can.

    That is NUL, which PostgreSQL refuses, and halves of surrogate pairs, which nothing can encode:
    one of them in a name would keep everything from being written that is written with it.
    """
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
