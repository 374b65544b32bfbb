"""The Telegram emulator: where the bot may write, members of chats, and lists of commands."""

from collections.abc import AsyncIterator

import pytest
import telegram
from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChatMember

from tests.integration.sandbox.telegram_sandbox import ANN_ID, BORIS_ID, Running, running_telegram


@pytest.fixture
async def it() -> AsyncIterator[Running]:
    async with running_telegram() as running:
        yield running


async def test_the_bot_cannot_write_first(it: Running) -> None:
    refusal = await it.refused("sendMessage", chat_id=BORIS_ID, text="Hi")
    assert refusal == (403, "Forbidden: bot can't initiate conversation with a user")
    it.tg.says(it.boris, "anything")
    await it.bot.send_message(BORIS_ID, "Hi")


@pytest.mark.parametrize("method", ["sendMessage", "editMessageText", "sendChatAction"])
async def test_who_blocked_the_bot_gets_nothing_until_unblocking(it: Running, method: str) -> None:
    sent = await it.bot.send_message(ANN_ID, "One")
    params = {"chat_id": ANN_ID, "text": "Two", "message_id": sent.message_id, "action": "typing"}
    it.tg.block(it.ann)
    refusal = await it.refused(method, **params)
    assert refusal == (403, "Forbidden: bot was blocked by the user")
    with pytest.raises(telegram.error.Forbidden):
        await it.bot.send_message(ANN_ID, "Two")
    it.tg.unblock(it.ann)
    status, _ = await it.call(method, **params)
    assert status == 200


@pytest.mark.parametrize(("chat_id", "kind"), [(-100, "group"), (-1001, "supergroup")])
async def test_a_bot_that_was_thrown_out_or_left_is_told_which(
    it: Running, chat_id: int, kind: str
) -> None:
    team = it.tg.add_group(chat_id if kind == "supergroup" else -55, "Team", [it.ann])
    assert team.kind == kind
    await it.bot.send_message(team.chat_id, "Hi")
    it.tg.kick_bot(team, it.ann)
    refusal = await it.refused("sendMessage", chat_id=team.chat_id, text="x")
    assert refusal == (403, f"Forbidden: bot was kicked from the {kind} chat")
    it.tg.says(it.ann, "/accept@acme_rsvp_bot 651", team)
    left, kicked = await it.bot.get_updates()
    assert left.message is not None
    assert left.message.left_chat_member is not None
    assert kicked.my_chat_member is not None
    assert kicked.my_chat_member.from_user.id == ANN_ID
    assert kicked.my_chat_member.old_chat_member.status == "member"
    assert kicked.my_chat_member.new_chat_member.status == "kicked"
    it.tg.add_bot(team)
    await it.bot.send_message(team.chat_id, "Back")
    assert await it.bot.leave_chat(team.chat_id)
    refusal = await it.refused("sendMessage", chat_id=team.chat_id, text="x")
    assert refusal == (403, f"Forbidden: bot is not a member of the {kind} chat")


async def test_a_group_that_became_a_supergroup_says_its_new_number(it: Running) -> None:
    old = it.tg.add_group(-55, "Team", [it.ann])
    new = it.tg.migrate(old)
    status, answer = await it.call("sendMessage", chat_id=-55, text="Hi")
    assert status == 400
    assert answer == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new.chat_id},
    }
    with pytest.raises(telegram.error.ChatMigrated) as migrated:
        await it.bot.send_message(-55, "Hi")
    assert migrated.value.new_chat_id == new.chat_id
    sent = await it.bot.send_message(new.chat_id, "Hi")
    assert sent.chat.type == "supergroup"
    went, came = await it.bot.get_updates()
    assert went.message is not None
    assert went.message.migrate_to_chat_id == new.chat_id
    assert came.message is not None
    assert came.message.migrate_from_chat_id == -55


async def test_without_rights_nothing_is_written(it: Running) -> None:
    team = it.tg.add_group(-1001, "Team", [it.ann])
    team.bot_may_write = False
    refusal = await it.refused("sendMessage", chat_id=-1001, text="x")
    assert refusal == (400, "Bad Request: not enough rights to send text messages to the chat")
    it.tg.set_status(team, it.tg.bot, "administrator")
    await it.bot.send_message(-1001, "x")
    news = it.tg.add_channel(-1009, "News")
    await it.bot.send_message(-1009, "x")
    it.tg.set_status(news, it.tg.bot, "member")
    refusal = await it.refused("sendMessage", chat_id=-1009, text="x")
    assert refusal == (400, "Bad Request: need administrator rights in the channel chat")


async def test_chats_are_described_as_the_library_reads_them(it: Running) -> None:
    it.tg.add_group(-1001, "Team", [it.ann], forum=True)
    private = await it.bot.get_chat(ANN_ID)
    assert (private.type, private.first_name, private.username) == ("private", "Ann", "ann")
    team = await it.bot.get_chat(-1001)
    assert (team.type, team.title, team.is_forum) == ("supergroup", "Team", True)
    assert team.permissions is not None
    assert team.permissions.can_send_messages


async def test_every_standing_of_a_member_can_be_asked(it: Running) -> None:
    team = it.tg.add_group(-1001, "Team", [it.ann, it.boris])
    carl = it.tg.add_user(3, "Carl")
    expected = {
        "creator": telegram.ChatMemberOwner,
        "administrator": telegram.ChatMemberAdministrator,
        "member": telegram.ChatMemberMember,
        "left": telegram.ChatMemberLeft,
        "kicked": telegram.ChatMemberBanned,
    }
    assert (await it.bot.get_chat_member(-1001, ANN_ID)).status == "creator"
    assert (await it.bot.get_chat_member(-1001, carl.user_id)).status == "left"
    for status in ("administrator", "member", "left", "kicked"):
        it.tg.set_status(team, it.boris, status)
        member = await it.bot.get_chat_member(-1001, BORIS_ID)
        assert type(member) is expected[status]
    it.tg.set_status(team, it.boris, "administrator")
    it.tg.set_status(team, it.tg.bot, "administrator")
    it.tg.add_user(500, "Other", is_bot=True)
    it.tg.set_status(team, it.tg.users[500], "administrator")
    admins = await it.bot.get_chat_administrators(-1001)
    assert {admin.user.id for admin in admins} == {ANN_ID, BORIS_ID, it.tg.bot.user_id}


async def test_what_cannot_be_known_of_members_is_refused(it: Running) -> None:
    it.tg.add_group(-1001, "Team", [it.ann])
    tried = [
        ("getChatMember", {"chat_id": -1001, "user_id": 404}, "user not found"),
        ("getChatMember", {"chat_id": ANN_ID, "user_id": BORIS_ID}, "user not found"),
        ("getChatMember", {"chat_id": -1001}, "invalid user_id specified"),
        ("getChatMember", {"chat_id": -404, "user_id": ANN_ID}, "chat not found"),
        (
            "getChatAdministrators",
            {"chat_id": ANN_ID},
            "there are no administrators in the private chat",
        ),
        (
            "leaveChat",
            {"chat_id": ANN_ID},
            "chat member status can't be changed in private chats",
        ),
    ]
    for method, params, complaint in tried:
        assert await it.refused(method, **params) == (400, f"Bad Request: {complaint}")


async def test_who_left_a_group_does_not_write_there(it: Running) -> None:
    team = it.tg.add_group(-1001, "Team", [it.ann, it.boris])
    it.tg.leaves(team, it.boris)
    with pytest.raises(ValueError, match="not a member"):
        it.tg.says(it.boris, "still here", team)


async def test_commands_are_kept_for_each_scope_and_language(it: Running) -> None:
    it.tg.add_group(-1001, "Team", [it.ann])
    english, russian = BotCommand("accept", "Accept"), BotCommand("accept", "Принять")
    private = BotCommandScopeAllPrivateChats()
    ann = BotCommandScopeChatMember(-1001, ANN_ID)
    await it.bot.set_my_commands([english])
    await it.bot.set_my_commands([russian], language_code="ru", scope=private)
    await it.bot.set_my_commands([russian, english], scope=ann)
    assert await it.bot.get_my_commands() == (english,)
    assert await it.bot.get_my_commands(scope=private) == ()
    assert await it.bot.get_my_commands(scope=private, language_code="ru") == (russian,)
    assert await it.bot.get_my_commands(scope=ann) == (russian, english)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"commands": [{"command": "Accept", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "при", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "", "description": "x"}]}, "command must be non-empty"),
        (
            {"commands": [{"command": "a" * 33, "description": "x"}]},
            "command length must not exceed 32",
        ),
        (
            {"commands": [{"command": "a", "description": " "}]},
            "command description must be non-empty",
        ),
        (
            {"commands": [{"command": "a", "description": "я" * 257}]},
            "command description length must not exceed 256",
        ),
        (
            {"commands": [{"command": "a", "description": "x"}] * 101},
            "BOT_COMMANDS_TOO_MUCH",
        ),
        ({"commands": "x"}, "can't parse commands JSON object"),
        ({"commands": [], "language_code": "rus"}, "invalid language code specified"),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 404}}, "chat not found"),
        (
            {"commands": [], "scope": {"type": "moon"}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
    ],
)
async def test_commands_that_telegram_would_not_list_are_refused(
    it: Running, params: dict[str, object], complaint: str
) -> None:
    assert await it.refused("setMyCommands", **params) == (400, f"Bad Request: {complaint}")
    assert it.tg.commands == {}


async def test_commands_at_the_limits_are_listed(it: Running) -> None:
    longest = BotCommand("a" * 32, "я" * 256)
    await it.bot.set_my_commands([longest] * 100)
    assert len(await it.bot.get_my_commands()) == 100
