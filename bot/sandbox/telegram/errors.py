"""Telegram's refusals, in its own words.

The wording is that of the server's published source (https://github.com/tdlib/telegram-bot-api);
clients compare these sentences, so they are kept to the letter.
"""

import json
from typing import Self


class ApiError(Exception):
    """An answer with `"ok": false`."""

    def __init__(
        self,
        code: int,
        description: str,
        *,
        retry_after: int | None = None,
        migrate_to_chat_id: int | None = None,
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.migrate_to_chat_id = migrate_to_chat_id

    @classmethod
    def bad_request(cls, why: str) -> Self:
        """400; `why` without the prefix."""
        return cls(400, f"Bad Request: {why}")

    @classmethod
    def forbidden(cls, why: str) -> Self:
        """403; `why` without the prefix."""
        return cls(403, f"Forbidden: {why}")

    @classmethod
    def conflict(cls, why: str) -> Self:
        """409; `why` without the prefix."""
        return cls(409, f"Conflict: {why}")

    @classmethod
    def too_many_requests(cls, retry_after: int) -> Self:
        """429; without the number if it is 0."""
        if retry_after <= 0:
            return cls(429, "Too Many Requests")
        return cls(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)

    def body(self) -> str:
        """The envelope.

        https://core.telegram.org/bots/api#responseparameters
        """
        answer: dict[str, object] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        if self.migrate_to_chat_id is not None:
            answer["parameters"] = {"migrate_to_chat_id": self.migrate_to_chat_id}
        return json.dumps(answer)
