"""Loopback emulators of Bitrix24, Cronofy and the Telegram Bot API.

For `rsvp-bot demo`, for the tests, and for whoever develops the bot. They have state and the quirks
of the real services, and they can be told to misbehave (`bot.sandbox.faults`).
"""
