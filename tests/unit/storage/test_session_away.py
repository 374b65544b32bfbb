"""A session for which there is no server: that is no matter of settings."""

import pytest

from bot.errors import StorageError
from bot.storage.engine import parse_url
from bot.storage.session import Session
from tests.fakes.ports import free_port


async def test_a_server_that_went_away_meanwhile_may_come_back() -> None:
    url = parse_url(f"postgresql://bot:secret@127.0.0.1:{free_port()}/bot")
    session = Session(url, several=True, changed=lambda *_: None)

    with pytest.raises(StorageError, match=r"cannot be opened now \(ConnectionRefusedError\)"):
        await session.start()
    await session.stop()
