"""Reading `reply_markup`.

https://core.telegram.org/bots/api#inlinekeyboardmarkup
"""

from bot.sandbox.telegram.errors import ApiError
from bot.sandbox.telegram.params import Params
from bot.sandbox.telegram.rows import Button, Json

Rows = tuple[tuple[Button, ...], ...]
CALLBACK_DATA_BYTES = 64
MOST_BUTTONS = 100


def read_markup(params: Params, *, inline_only: bool = False) -> tuple[Json | None, Rows]:
    """The markup as it came, and its inline buttons.

    Raises:
        ApiError: It is malformed, or not inline where it must be.
    """
    markup = params.mapping("reply_markup", "reply keyboard markup")
    if markup is None:
        return None, ()
    if "inline_keyboard" not in markup:
        if inline_only and markup:
            raise ApiError.bad_request("inline keyboard expected")
        return markup, ()
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ApiError.bad_request('field "inline_keyboard" must be an Array of Arrays')
    return markup, tuple(tuple(_button(button) for button in row) for row in rows if row)


def check_buttons(rows: Rows) -> None:
    """What only the last step of sending finds.

    Raises:
        ApiError: Callback data is too long, or there are too many buttons.
    """
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise ApiError.bad_request("reply markup is too long")
    if any(len((button.data or "").encode()) > CALLBACK_DATA_BYTES for button in buttons):
        raise ApiError.bad_request("BUTTON_DATA_INVALID")


def _button(button: object) -> Button:
    if not isinstance(button, dict):
        raise _refuse("InlineKeyboardButton must be an Object")
    label = button.get("text")
    if not isinstance(label, str):
        raise _refuse('Field "text" must be of type String')
    if not label.strip():
        raise ApiError.bad_request("inline keyboard button text must be non-empty")
    data, url = button.get("callback_data"), button.get("url")
    if isinstance(url, str) and url:
        return Button(label=label, url=url)
    if isinstance(data, str) and data:
        return Button(label=label, data=data)
    raise _refuse("Text buttons are unallowed in the inline keyboard")


def _refuse(why: str) -> ApiError:
    return ApiError.bad_request(f"can't parse inline keyboard button: {why}")
