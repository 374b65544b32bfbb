import pytest

from bot.sandbox.company import ANN, BORIS
from bot.sandbox.faults import Fault, FaultRule
from tests.fakes.bot import Bot, running_bot


@pytest.mark.parametrize(
    ("says", "held", "said"),
    [
        ("/online", "online", ("presence.online",)),
        ("/dnd", "dnd", ("presence.dnd", "presence.not_shown", "presence.no_end")),
        ("/away", "away", ("presence.away", "presence.not_shown", "presence.no_end")),
    ],
)
async def test_a_presence_is_set_read_back_and_shown_for_what_it_is(
    bot: Bot, says: str, held: str, said: tuple[str, ...]
) -> None:
    [reply] = await bot.say(says)

    assert reply.said == said
    assert bot.portal.presence_of(ANN.user_id) == held
    assert bot.portal.hits == 2, "a look before anything is written over, and the write"


async def test_presence_is_told_in_russian_too(bot: Bot) -> None:
    [reply] = await bot.say("/dnd", language="ru")

    assert reply.text == (
        "🔕 «Не беспокоить» включено. Отключить: /online\n"
        "Битрикс24 его хранит, но нынешний мессенджер показывает другим только «онлайн».\n"
        "Так останется, пока вы не измените. Закончить автоматически:"
    )


async def test_what_was_never_set_is_said_to_be_so(bot: Bot) -> None:
    [reply] = await bot.say("/presence")

    assert reply.said == ("presence.none",)


async def test_a_break_set_in_the_portal_is_shown(bot: Bot) -> None:
    bot.portal.presence[ANN.user_id] = "break"

    [reply] = await bot.say("/presence")

    assert reply.said == ("presence.break", "presence.not_shown")


async def test_everybody_sets_only_their_own(bot: Bot) -> None:
    await bot.say("/dnd", who=ANN)
    await bot.say("/away", who=BORIS)

    assert bot.portal.presence == {ANN.user_id: "dnd", BORIS.user_id: "away"}


async def test_a_portal_that_keeps_the_old_one_is_not_believed(bot: Bot) -> None:
    await bot.say("/online")
    bot.portal.faults.add(FaultRule(fault=Fault.NEVER_APPLIED, operation="im.user.status.set"))

    [reply] = await bot.say("/dnd")

    assert reply.said == ("presence.online", "presence.differs")
    assert bot.portal.presence_of(ANN.user_id) == "online"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.RATE_LIMITED_429,
        Fault.UNAVAILABLE_503,
        Fault.HTML_502,
        Fault.CUT_BEFORE,
    ],
)
async def test_a_fault_while_looking_at_what_was_before_is_overcome_by_another_look(
    bot: Bot, fault: Fault
) -> None:
    rule = FaultRule(fault=fault, operation="im.user.status.get")
    bot.portal.faults.add(rule)

    [reply] = await bot.say("/dnd")

    assert rule.times == 0
    assert reply.said[0] == "presence.dnd"
    assert bot.portal.presence_of(ANN.user_id) == "dnd"
    assert len(bot.portal.writes("im.user.status.set")) == 1


async def test_where_nobody_can_look_nothing_is_written(bot: Bot) -> None:
    bot.portal.faults.add(FaultRule(fault=Fault.TRUNCATED_JSON, operation="im.user.status.get"))

    [reply] = await bot.say("/dnd")

    assert reply.said[0] == "error.protocol"
    assert bot.portal.writes("im.user.status.set") == []


async def test_a_refused_look_at_what_was_before_writes_nothing(bot: Bot) -> None:
    bot.portal.force_error("ACCESS_DENIED", 403, operation="im.user.status.get", times=9)

    [reply] = await bot.say("/dnd")

    assert reply.said[0].startswith("error.")
    assert bot.portal.writes("im.user.status.set") == []


async def test_without_an_account_nothing_is_done_in_anybodys_name() -> None:
    async with running_bot(linked=[BORIS]) as bot:
        [reply] = await bot.say("/dnd", who=ANN)

        assert reply.said == ("access.not_linked",)
        assert bot.portal.hits == 0
