"""Bitrix24 REST: https://apidocs.bitrix24.com/."""
