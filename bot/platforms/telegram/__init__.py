"""Telegram, by python-telegram-bot's types on our own HTTP transport.

https://core.telegram.org/bots/api
"""
