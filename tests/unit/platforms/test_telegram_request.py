"""Calls with files: a form as browsers write it, read back by a server of another library."""

import json
from collections.abc import Mapping

import aiohttp
import pytest
from aiohttp import web
from telegram import InputFile
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.platforms.telegram.request import TransportRequest
from bot.sandbox.server import SandboxServer
from bot.transport.messages import HttpRequest, HttpResponse

URL = "https://api.telegram.example/bot1:token/sendDocument"


class _Wire:
    """Remembers what would be sent."""

    def __init__(self) -> None:
        self.sent: list[HttpRequest] = []

    async def send(self, request: HttpRequest, *, deadline: float | None = None) -> HttpResponse:
        del deadline
        self.sent.append(request)
        return HttpResponse(status=200, body=b'{"ok":true,"result":true}')


def _data(values: Mapping[str, object], file: InputFile | None = None) -> RequestData:
    parameters = [RequestParameter.from_input(key, value) for key, value in values.items()]
    if file is not None:
        parameters.append(RequestParameter.from_input("document", file))
    return RequestData(parameters)


async def _read_back(request: HttpRequest) -> dict[str, object]:
    """What a server makes of it."""
    found: dict[str, object] = {}

    async def handle(received: web.Request) -> web.Response:
        for name, value in (await received.post()).items():
            if isinstance(value, web.FileField):
                found[name] = (value.filename, value.content_type, value.file.read())
            else:
                found[name] = value
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handle)
    async with (
        SandboxServer(app) as server,
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/", data=request.body, headers=request.headers) as response,
    ):
        assert response.status == 200
    return found


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        "строка\r\n--x\r\n".encode(),
        b"\x00\xff\r\n\r\n--",
        b'Content-Type: "x"\r\n',
        b"-" * 99,
    ],
)
async def test_a_file_and_its_fields_arrive_as_they_are(content: bytes) -> None:
    wire = _Wire()
    values = {"chat_id": 7, "caption": 'a "b"\r\nв; c=d', "reply_parameters": {"message_id": 5}}
    file = InputFile(content, filename="данные.json")

    status, _ = await TransportRequest(wire).do_request(URL, "POST", _data(values, file))

    assert status == 200
    [request] = wire.sent
    assert await _read_back(request) == {
        "chat_id": "7",
        "caption": 'a "b"\r\nв; c=d',
        "reply_parameters": json.dumps({"message_id": 5}),
        "document": ("данные.json", "application/json", content),
    }
    assert (request.operation, request.repeatable) == ("sendDocument", False)


async def test_a_files_name_cannot_begin_a_header_or_another_field() -> None:
    wire = _Wire()
    file = InputFile(b"x", filename='a"; name="chat_id"\r\nX-Evil: 1\r\n\r\ny.json')

    await TransportRequest(wire).do_request(URL, "POST", _data({"chat_id": 7}, file))

    [request] = wire.sent
    found = await _read_back(request)
    assert found.keys() == {"chat_id", "document"}
    assert found["chat_id"] == "7"
    assert b"\r\nX-Evil" not in request.body


async def test_what_has_no_file_goes_as_json() -> None:
    wire = _Wire()

    await TransportRequest(wire).do_request(URL, "POST", _data({"chat_id": 7}))
    await TransportRequest(wire).do_request(URL, "POST", None)

    assert [request.headers["Content-Type"] for request in wire.sent] == ["application/json"] * 2
    assert [json.loads(request.body) for request in wire.sent] == [{"chat_id": "7"}, {}]


async def test_two_forms_have_boundaries_of_their_own() -> None:
    wire = _Wire()
    for _ in range(2):
        file = InputFile(b"x", filename="x.json")
        await TransportRequest(wire).do_request(URL, "POST", _data({}, file))

    assert len({request.headers["Content-Type"] for request in wire.sent}) == 2
