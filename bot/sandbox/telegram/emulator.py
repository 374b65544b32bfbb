"""Telegram with its chats: what is set up for a test, and who comes and goes."""

from collections.abc import Collection, Sequence

from bot.sandbox.telegram.people import GROUP_ANONYMOUS_BOT, People
from bot.sandbox.telegram.rows import ABSENT, Chat, Json, MemberStatus, User
from bot.sandbox.telegram.views import member_change_json, user_json

FIRST_SUPERGROUP_ID = -1_002_000_000_000


class TelegramEmulator(People):
    """Telegram, as far as one bot can see it. `telegram_app` puts it on HTTP.

    What a person cannot do (write where they are not a member, press a button that is not there)
    is a `ValueError`.
    """

    def add_group(
        self, chat_id: int, title: str, members: Collection[User] = (), *, forum: bool = False
    ) -> Chat:
        """A group with the bot in it; a supergroup if its id begins with -100.

        The first member is its creator.
        """
        supergroup = str(chat_id).startswith("-100")
        if forum and not supergroup:
            raise ValueError("only supergroups can be forums")
        chat = self.new_chat(chat_id, "supergroup" if supergroup else "group", title=title)
        chat.forum = forum
        chat.members = {user.user_id: "member" for user in members}
        for user in list(members)[:1]:
            chat.members[user.user_id] = "creator"
        chat.members[self.bot.user_id] = "member"
        return chat

    def add_channel(self, chat_id: int, title: str) -> Chat:
        """A channel with the bot as an administrator, as bots in channels always are."""
        chat = self.new_chat(chat_id, "channel", title=title)
        chat.members[self.bot.user_id] = "administrator"
        return chat

    def add_topic(self, chat: Chat, name: str, by: User) -> int:
        """Open a topic in a forum; says its thread id."""
        if not chat.forum:
            raise ValueError("not a forum")
        number = next(chat.numbers)
        chat.topics[number] = name
        created: Json = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        self.service(chat, by, created, number=number, thread_id=number)
        return number

    def block(self, user: User) -> None:
        """A person blocks the bot."""
        chat = self.chats[user.user_id]
        chat.blocked = True
        self._bot_changed(chat, user, "member", "kicked")

    def unblock(self, user: User) -> None:
        """A person lets the bot write again."""
        chat = self.chats[user.user_id]
        chat.blocked = False
        self._bot_changed(chat, user, "kicked", "member")

    def kick_bot(self, chat: Chat, by: User | None = None) -> None:
        """Somebody throws the bot out of a group or channel."""
        self.bot_leaves(chat, by or self._anybody(chat), "kicked")

    def add_bot(self, chat: Chat, by: User | None = None) -> None:
        """Somebody brings the bot (back) into a group."""
        by = by or self._anybody(chat)
        self.set_status(chat, self.bot, "member", by=by)
        self.service(chat, by, {"new_chat_members": [user_json(self.bot)]})

    def bot_leaves(self, chat: Chat, by: User, status: MemberStatus) -> None:
        """The bot is out, by its own will or somebody else's."""
        # Told before it is out: of what comes later it hears nothing.
        self.service(chat, by, {"left_chat_member": user_json(self.bot)})
        self.set_status(chat, self.bot, status, by=by)

    def joins(self, chat: Chat, user: User) -> None:
        """A person joins a group."""
        chat.members[user.user_id] = "member"
        self.service(chat, user, {"new_chat_members": [user_json(user)]})

    def leaves(self, chat: Chat, user: User) -> None:
        """A person leaves a group."""
        chat.members[user.user_id] = "left"
        self.service(chat, user, {"left_chat_member": user_json(user)})

    def set_status(
        self, chat: Chat, user: User, status: MemberStatus, *, by: User | None = None
    ) -> None:
        """Promote, restrict or remove somebody. Only of itself the bot hears."""
        old = chat.members.get(user.user_id, "left")
        chat.members[user.user_id] = status
        if user == self.bot and old != status:
            self._bot_changed(chat, by or self._anybody(chat), old, status)
        self.changed()

    def migrate(self, group: Chat) -> Chat:
        """A basic group becomes a supergroup; gives the new chat. The old one takes no messages."""
        if group.kind != "group":
            raise ValueError("only a basic group can become a supergroup")
        new_id = FIRST_SUPERGROUP_ID - len(self.chats)
        by = self._anybody(group)
        new = self.new_chat(new_id, "supergroup", title=group.title)
        new.members = dict(group.members)
        self.service(group, by, {"migrate_to_chat_id": new_id})
        group.migrated_to = new_id
        self.service(new, by, {"migrate_from_chat_id": group.chat_id})
        return new

    def inject_raw(self, update: object) -> int:
        """Send the bot something that is not what the documentation describes.

        An object without an `update_id` gets the next one. Says the number that confirms it.
        """
        number = self.queue.add_raw(update, lane=("raw", 0))
        self.changed()
        return number

    def _anybody(self, chat: Chat) -> User:
        people: Sequence[User] = [
            self.users[user_id]
            for user_id, status in chat.members.items()
            if status not in ABSENT and user_id != self.bot.user_id
        ]
        return people[0] if people else GROUP_ANONYMOUS_BOT

    def _bot_changed(self, chat: Chat, by: User, old: MemberStatus, new: MemberStatus) -> None:
        change = member_change_json(
            chat=chat, by=by, date=int(self.seconds()), who=self.bot, old=old, new=new
        )
        self.queue.add("my_chat_member", change, lane=("member", chat.chat_id))
        self.changed()
