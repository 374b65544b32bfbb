"""Calendar and presence systems."""

from enum import StrEnum


class Provider(StrEnum):
    """Calendar and presence systems that the bot can speak to."""

    BITRIX24 = "bitrix24"
    CRONOFY = "cronofy"
