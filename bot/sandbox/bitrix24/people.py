"""Users: their presence, and whose credentials a call is made with.

https://apidocs.bitrix24.com/api-reference/chats/users/index.html
https://apidocs.bitrix24.com/api-reference/common/users/profile.html
"""

from collections.abc import Mapping

from bot.sandbox.bitrix24.calling import Caller, Params, any_case, note_write
from bot.sandbox.bitrix24.errors import RestError
from bot.sandbox.bitrix24.php import php_integer, php_json, php_values
from bot.sandbox.bitrix24.records import User
from bot.sandbox.bitrix24.state import Portal

SET_PRESENCE = "im.user.status.set"
_PRESENCES = frozenset({"online", "dnd", "away", "break"})
_SAME_FOR_ALL: Mapping[str, object] = {
    # What presence somebody has set shows nowhere here.
    "status": "online",
    "work_position": "",
    "color": "#3e99ce",
    "avatar": "",
    "avatar_hr": "",
    "gender": "M",
    "birthday": "",
    "network": False,
    "bot": False,
    "connector": False,
    "external_auth_id": "default",
    "idle": False,
    "mobile_last_date": False,
    "desktop_last_date": False,
    "absent": False,
    "departments": [1],
    "phones": False,
    "bot_data": None,
    "website": "",
}
_WITH_EMAIL = frozenset({"user", "user_basic"})


def set_presence(portal: Portal, caller: Caller, params: Params) -> object:
    """im.user.status.set; parameter names in any case, values exactly so."""
    status = any_case(params).get("STATUS")
    if not isinstance(status, str) or status not in _PRESENCES:
        raise RestError("STATUS_ERROR", "Status is not available")
    note_write(portal, caller, SET_PRESENCE, params)
    if caller.applied:
        portal.presence[caller.user_id] = status
    return True


def get_presence(portal: Portal, caller: Caller, _params: Params) -> object:
    """im.user.status.get: false if none was ever stored."""
    return portal.presence.get(caller.user_id, False)


def get_im_user(portal: Portal, caller: Caller, params: Params) -> object:
    """im.user.get: says "online" about everybody."""
    wanted = php_integer(any_case(params).get("ID", caller.user_id))
    if wanted <= 0:
        raise RestError("ID_EMPTY", "User ID can't be empty")
    if portal.users[caller.user_id].extranet and wanted != caller.user_id:
        raise RestError("ACCESS_DENIED", "You can request only users of your groups", 403)
    user = portal.users.get(wanted)
    if user is None:
        raise RestError("USER_NOT_EXISTS", "User is not exists")
    return _im_view(portal, user)


def get_im_users(portal: Portal, caller: Caller, params: Params) -> object:
    """im.user.list.get: null for whom there is not, nothing of those whom a guest may not see.

    https://apidocs.bitrix24.com/api-reference/chats/users/im-user-list-get.html
    """
    numbers = [php_integer(number) for number in php_values(any_case(params).get("ID"))]
    wanted = dict.fromkeys(number for number in numbers if number > 0)
    if not wanted:
        raise RestError("INVALID_FORMAT", "A wrong format for the ID field is passed")
    if portal.users[caller.user_id].extranet:
        wanted = {number: None for number in wanted if number == caller.user_id}
    found = {
        str(number): None if user is None else _im_view(portal, user)
        for number, user in ((number, portal.users.get(number)) for number in wanted)
    }
    return php_json(found)


def _im_view(portal: Portal, user: User) -> dict[str, object]:
    return {
        "id": user.user_id,
        "active": user.active,
        "name": f"{user.name} {user.last_name}".strip(),
        "first_name": user.name,
        "last_name": user.last_name,
        "email": user.email,
        "extranet": user.extranet,
        "type": "extranet" if user.extranet else "user",
        "last_activity_date": portal.now().isoformat(timespec="seconds"),
        **_SAME_FOR_ALL,
    }


def profile(portal: Portal, caller: Caller, _params: Params) -> object:
    """Profile of the caller."""
    user = portal.users[caller.user_id]
    return {
        "ID": str(user.user_id),
        "ADMIN": user.user_id == 1,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": user.timezone,
    }


def current_user(portal: Portal, caller: Caller, _params: Params) -> object:
    """user.current: with an address unless only `user_brief` was granted."""
    user = portal.users[caller.user_id]
    fields = {
        "ID": str(user.user_id),
        "ACTIVE": user.active,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "TIME_ZONE": user.timezone,
    }
    return {**fields, "EMAIL": user.email} if _WITH_EMAIL & caller.scopes else fields


def scope(_portal: Portal, caller: Caller, _params: Params) -> object:
    """What the caller's credentials may do."""
    return sorted(caller.scopes)


def server_time(portal: Portal, _caller: Caller, _params: Params) -> object:
    """The portal's clock."""
    return portal.now().isoformat(timespec="seconds")
