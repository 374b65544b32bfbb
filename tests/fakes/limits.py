"""Settings by which the bot holds itself or others back."""

LIMITS = (
    "TELEGRAM_RATE",
    "TELEGRAM_CHAT_RATE",
    "TELEGRAM_GROUP_RATE",
    "BITRIX24_RATE",
    "BITRIX24_BURST",
    "CRONOFY_RATE",
    "PERSON_RATE",
    "GROUP_RATE",
)
"""All of them take 100000, which holds nobody back and leaves every limiter in the path."""
