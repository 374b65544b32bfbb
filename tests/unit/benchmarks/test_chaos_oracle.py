"""The oracle of the fault campaign can fail: each doctored history is found out, and why."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.chaos.answers import Answers
from benchmarks.chaos.befalls import DIED, KILLED
from benchmarks.chaos.history import (
    PRESENCE,
    Asked,
    Changed,
    History,
    Level,
    Remains,
    Said,
    Struck,
    Wrote,
)
from benchmarks.chaos.oracle import CHECKS, judge
from benchmarks.chaos.words import Sense, claims_in, command_behind, sense_of
from bot.domain.zones import zone_of
from bot.texts import M, Texts

ANN, BORIS = 101, 102
REVIEW, TALK = "10002", "10003"
ACCEPTED = "✅ Accepted: Talk 10002"
UNKNOWN = (
    "⚠️ The connection broke, so it is not clear whether your answer arrived: Talk 10002\n"
    "I keep looking for two minutes and will change this message."
)
REFUSED = (
    "Bitrix24 cannot be reached properly right now. Nothing was changed. Try again in a minute."
)
DECLINE = Asked(
    number=2,
    at=5.0,
    person=ANN,
    text="/decline 10002",
    chat=ANN,
    message_id=3,
    events=(REVIEW,),
    wanted="declined",
)
DECLINED = Said(at=7.0, chat=ANN, message_id=4, text="❌ Declined: Talk 10002", reply_to=3)
LEVEL = Level(descriptors=9, database=4, tasks={"Poller.run": 1})


def good() -> History:
    """Ann accepts an invitation, and all is well."""
    return History(
        seed=42,
        titles={REVIEW: "Talk 10002", TALK: "Talk 10003"},
        first={(ANN, REVIEW): "needs_action", (BORIS, REVIEW): "needs_action"},
        asked=[
            Asked(
                number=1,
                at=1.0,
                person=ANN,
                text="/accept 10002",
                chat=ANN,
                message_id=1,
                events=(REVIEW,),
                wanted="accepted",
            )
        ],
        wrote=[Wrote(at=2.0, person=ANN, event=REVIEW, status="accepted", before="needs_action")],
        changed=[Changed(at=2.0, person=ANN, event=REVIEW, status="accepted")],
        said=[Said(at=3.0, chat=ANN, message_id=2, text=ACCEPTED, reply_to=1)],
        remains=Remains(kept={"inbox": 0}, exit_codes=[0], before=LEVEL, after=LEVEL),
    )


def lost_answer(history: History) -> History:
    return replace(history, said=[])


def only_told_to_wait(history: History) -> History:
    text = str(Texts("ru", zone_of("UTC")).say(M.STORE_WAITING))
    return replace(history, said=[replace(history.said[0], text=text)])


def false_claim(history: History) -> History:
    return replace(history, wrote=[], changed=[])


def claim_before_it_was_so(history: History) -> History:
    return replace(history, said=[replace(history.said[0], at=1.5)])


def taken_back_behind_her_back(history: History) -> History:
    later = Changed(at=9.0, person=ANN, event=REVIEW, status="declined")
    return replace(history, changed=[*history.changed, later])


def an_older_reply_put_over_a_newer_one(history: History) -> History:
    """What the seed 2 of the first campaigns found."""
    older = Said(at=8.0, chat=ANN, message_id=4, text=ACCEPTED, edit=True)
    return _declined_too(history, *history.said, DECLINED, older)


def answers_that_came_in_the_wrong_order(history: History) -> History:
    """After an outage, each was tried again by itself."""
    older = Said(at=8.0, chat=ANN, message_id=5, text=ACCEPTED, reply_to=1)
    return _declined_too(history, DECLINED, older)


def _declined_too(history: History, *said: Said, by: Asked = DECLINE) -> History:
    """Ann declines a little later, and all of this is said."""
    return replace(
        history,
        asked=[*history.asked, by],
        wrote=[*history.wrote, _declined_at(6.0)],
        changed=[*history.changed, Changed(at=6.0, person=ANN, event=REVIEW, status="declined")],
        said=list(said),
    )


def wrong_person(history: History) -> History:
    return replace(history, wrote=[replace(history.wrote[0], person=BORIS)])


def wrong_status(history: History) -> History:
    return replace(history, wrote=[*history.wrote, _declined_at(2.5)])


def written_after_it_was_answered(history: History) -> History:
    late = replace(history.wrote[0], at=4.0, before="declined")
    return replace(history, wrote=[*history.wrote, late])


def presence_of_somebody_else(history: History) -> History:
    away = Wrote(at=2.0, person=BORIS, event=PRESENCE, status="away", before="online")
    return replace(history, wrote=[*history.wrote, away])


def told_twice(history: History) -> History:
    again = replace(history.wrote[0], at=2.5, before="accepted")
    return replace(history, wrote=[*history.wrote, again])


def deleted_twice(history: History) -> History:
    """Also if the first one was in doubt."""
    decline = replace(DECLINE, number=1, at=1.0, message_id=1)
    first = replace(_declined_at(2.0), deletes=True)
    return replace(
        history,
        asked=[decline],
        wrote=[first, replace(first, at=2.5, before="declined")],
        changed=[Changed(at=2.0, person=ANN, event=REVIEW, status="declined")],
        said=[replace(history.said[0], text="❌ Declined: Talk 10002")],
        struck=[Struck(at=2.1, kind="Cronofy cut_after", person=ANN, until=2.1)],
    )


def changed_all_the_same(history: History) -> History:
    return replace(history, said=[replace(history.said[0], text=REFUSED)])


def said_twice(history: History) -> History:
    return replace(history, said=[*history.said, replace(history.said[0], at=4.0, message_id=5)])


def left_open(history: History) -> History:
    return replace(history, remains=replace(history.remains, open_rows={"inbox settled": 1}))


def looked_after_for_ever(history: History) -> History:
    return replace(history, remains=replace(history.remains, follow_ups=1))


def never_forgotten(history: History) -> History:
    return replace(history, remains=replace(history.remains, kept={"intents": 3}))


def sockets_leaked(history: History) -> History:
    return replace(history, remains=replace(history.remains, after=replace(LEVEL, descriptors=20)))


def tasks_leaked(history: History) -> History:
    more = replace(LEVEL, tasks={"Poller.run": 1, "Outbox._retry": 1})
    return replace(history, remains=replace(history.remains, after=more))


def ended_badly(history: History) -> History:
    return replace(history, remains=replace(history.remains, exit_codes=[0, 1]))


def ended_by_itself(history: History) -> History:
    return replace(history, struck=[Struck(at=4.0, kind=DIED, until=4.0)])


DOCTORED: dict[Callable[[History], History], tuple[str, str]] = {
    lost_answer: ("every_command_is_answered", "#1 person 101 wrote '/accept 10002' at 1.0"),
    only_told_to_wait: ("every_command_is_answered", "never answered"),
    false_claim: ("what_was_claimed_was_so", "Talk 10002 is accepted, which it was not"),
    claim_before_it_was_so: ("what_was_claimed_was_so", "said at 1.5"),
    taken_back_behind_her_back: ("the_last_claims_still_hold", "and it is declined"),
    an_older_reply_put_over_a_newer_one: ("the_last_claims_still_hold", "is accepted, and it is"),
    answers_that_came_in_the_wrong_order: ("the_last_claims_still_hold", "is accepted, and it is"),
    wrong_person: ("every_write_was_asked_for", "for person 102, who had not asked for it"),
    wrong_status: ("every_write_was_asked_for", "declined was written to Talk 10002"),
    written_after_it_was_answered: ("every_write_was_asked_for", "at 4.0 accepted"),
    presence_of_somebody_else: ("every_write_was_asked_for", "written to presence for person 102"),
    told_twice: ("nobody_is_notified_twice", "although it was held"),
    deleted_twice: ("no_decline_that_deletes_is_repeated", "was declined again at 2.5"),
    changed_all_the_same: ("nothing_was_changed_is_true", "accepted was written at 2.0"),
    said_twice: ("no_reply_is_repeated_without_need", "was answered 2 times"),
    left_open: ("everything_was_finished", "1 rows are left in state inbox settled"),
    looked_after_for_ever: ("everything_was_finished", "1 follow-ups are left"),
    never_forgotten: ("everything_was_finished", "3 rows of intents are kept"),
    sockets_leaked: ("nothing_leaked", "11 more file descriptors"),
    tasks_leaked: ("nothing_leaked", "1 more tasks Outbox._retry"),
    ended_badly: ("nothing_leaked", "ended with 1"),
    ended_by_itself: ("nothing_leaked", "ended by itself at 4.0"),
}


def test_a_good_history_passes_every_check() -> None:
    assert judge(good()) == []


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_what_is_wrong_is_found_and_named(doctor: Callable[[History], History]) -> None:
    check, words = DOCTORED[doctor]

    found = [one.text for one in judge(doctor(good())) if one.check == check]

    assert any(words in text for text in found), judge(doctor(good()))
    assert all(text.startswith("seed 42: ") for text in found)


def test_every_check_has_been_seen_to_fail() -> None:
    failing = {check for check, _ in DOCTORED.values()} | {"a_command_writes_once"}

    assert failing == {check.__name__ for check in CHECKS}


def test_a_second_write_needs_trouble_that_befell_that_person_or_the_process() -> None:
    found = {}
    for person in (ANN, BORIS, None):
        struck = [Struck(at=2.2, kind=KILLED, person=person, until=2.2)]
        history = replace(told_twice(good()), struck=struck)
        found[person] = {one.check for one in judge(history)}

    assert found == {
        ANN: set(),
        None: set(),
        BORIS: {"nobody_is_notified_twice", "a_command_writes_once"},
    }


def test_three_writes_are_too_many_whatever_befell() -> None:
    history = told_twice(good())
    third = replace(history.wrote[0], at=2.8, before="accepted")
    struck = [Struck(at=2.2, kind=KILLED, until=2.9)]
    history = replace(history, wrote=[*history.wrote, third], struck=struck)

    assert [one.check for one in judge(history)] == ["a_command_writes_once"]


def test_what_was_in_doubt_stays_open_and_may_be_confirmed_later() -> None:
    history = good()
    doubt = replace(history.said[0], text=UNKNOWN, at=1.5)
    told = replace(history.said[0], reply_to=None, edit=True)
    in_doubt = replace(history, said=[doubt])

    assert judge(in_doubt) == []
    assert Answers(in_doubt).outcome(history.asked[0]) == "unknown"
    later = replace(history, said=[doubt, told])
    assert judge(later) == []
    assert Answers(later).outcome(history.asked[0]) == "unknown, then confirmed"


def test_the_second_message_of_an_answer_counts_for_what_was_told_last() -> None:
    """Whatever it answers: a press for two events changes its message and writes another one."""
    both = replace(DECLINE, message_id=9, query_id="1", events=(TALK, REVIEW))
    talk = Said(at=7.0, chat=ANN, message_id=9, text="❌ Declined: Talk 10003", edit=True)
    review = replace(DECLINED, at=8.0, message_id=10, reply_to=None)
    history = good()
    history = replace(history, first={**history.first, (ANN, TALK): "declined"})
    history = _declined_too(history, *history.said, talk, review, by=both)

    assert judge(history) == []


def test_a_write_belongs_to_whoever_was_not_told_that_nothing_was_changed() -> None:
    """What was too late is said so late that a later command has written meanwhile."""
    history = good()
    [later] = history.asked
    late = str(Texts("en", zone_of("UTC")).say(M.LATE_OFFER, age="42 minutes ago"))
    history = replace(
        history,
        asked=[replace(later, at=0.5, message_id=8), replace(later, number=2)],
        said=[Said(at=2.5, chat=ANN, message_id=7, text=late, reply_to=8), *history.said],
    )

    assert judge(history) == []


def test_whoever_blocked_the_bot_cannot_be_answered() -> None:
    history = good()
    refused = replace(history.said[0], refused=403)

    assert judge(replace(history, said=[refused])) == []


def test_what_may_answer_several_is_given_to_them_so_that_fewest_are_left() -> None:
    """In a group, where private answers say by themselves to nothing what they answer."""
    asked = [
        replace(DECLINE, number=number, at=float(number), chat=-1, message_id=number)
        for number in (1, 2, 3)
    ]
    said = [
        Said(at=1.5, chat=ANN, message_id=11, text=REFUSED),
        Said(at=2.5, chat=ANN, message_id=12, text="❌ Declined: Talk 10002"),
        Said(at=3.5, chat=ANN, message_id=13, text=REFUSED),
    ]

    answers = Answers(replace(good(), asked=asked, said=said))

    # In order, since nothing speaks against it.
    assert [[answer.said for answer in answers.of(one)] for one in asked] == [[one] for one in said]


def test_a_change_of_a_card_is_a_later_press_s_if_the_earlier_one_was_told_by_a_message() -> None:
    asked = [
        replace(DECLINE, number=number, at=float(number), message_id=9, query_id=str(number))
        for number in (1, 2, 3)
    ]
    told = Said(at=3.5, chat=ANN, message_id=11, text=REFUSED)
    changes = [
        Said(at=at, chat=ANN, message_id=9, text="❌ Declined: Talk 10002", edit=True)
        for at in (4.5, 5.5)
    ]

    answers = Answers(replace(good(), asked=asked, said=[told, *changes]))

    answered = [[answer.said for answer in answers.of(one)] for one in asked]
    assert sorted(answered, key=str) == sorted([[told], [changes[0]], [changes[1]]], key=str)
    assert [said for [said] in answered if said.edit] == changes


def test_a_press_is_answered_by_a_note_or_by_its_message() -> None:
    history = good()
    press = replace(history.asked[0], text="Accept", query_id="q", message_id=9)
    note = Said(at=3.0, chat=ANN, message_id=0, text=ACCEPTED, query_id="q")
    edit = Said(at=3.0, chat=ANN, message_id=9, text=ACCEPTED, edit=True)
    pressed = replace(history, asked=[press])

    assert judge(replace(pressed, said=[note])) == []
    assert judge(replace(pressed, said=[edit])) == []
    silent = judge(replace(pressed, said=[replace(note, text="")]))
    assert [one.check for one in silent] == ["every_command_is_answered"]


def _declined_at(at: float) -> Wrote:
    return Wrote(at=at, person=ANN, event=REVIEW, status="declined", before="accepted")


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    ("message", "sense"),
    [
        (M.HELD_ACCEPTED, Sense.CONFIRMED),
        (M.ALREADY_DECLINED, Sense.CONFIRMED),
        (M.PRESENCE_DND, Sense.CONFIRMED),
        (M.ANSWER_PENDING, Sense.PENDING),
        (M.ANSWER_UNKNOWN, Sense.UNKNOWN),
        (M.ERROR_TIMEOUT_BEGUN, Sense.UNKNOWN),
        (M.ERROR_UNAVAILABLE, Sense.UNCHANGED),
        (M.CONFIRM_UNCHANGED, Sense.UNCHANGED),
        (M.STORE_WAITING, Sense.WAITING),
        (M.GROUP_NOTED, Sense.NOTED),
        (M.ERROR_INTERNAL, Sense.APOLOGISED),
        (M.LIST_FIRST, Sense.OTHER),
    ],
)
def test_the_bots_own_words_are_understood(language: str, message: M, sense: Sense) -> None:
    texts = Texts(language, zone_of("UTC"))
    values = {"title": "Talk 10002", "provider": "Bitrix24", "shown": "1", "count": "2"}
    said = str(texts.say(message, **values).striptags())

    assert sense_of(f"{said}\nSomething else") is sense


@pytest.mark.parametrize("language", ["en", "ru"])
def test_claims_and_buttons_are_read_in_both_languages(language: str) -> None:
    texts = Texts(language, zone_of("UTC"))
    said = str(texts.say(M.HELD_DECLINED, title="Talk 10002").striptags())
    several = str(texts.say(M.SEVERAL_MAYBE, count=2).striptags())

    assert [(one.title, one.status) for one in claims_in(f"x\n{said}")] == [
        ("Talk 10002", "declined")
    ]
    label = str(texts.say(M.CARD_MAYBE))
    assert [command_behind(text, "") for text in (label, f"✓ {label}", "12")] == [
        "maybe",
        "maybe",
        None,
    ]
    late = str(texts.say(M.LATE_YES, command="/accept 10002"))
    assert command_behind(late, "") == "/accept 10002"
    assert command_behind(str(texts.say(M.SEVERAL_YES, count=2)), several) == "maybe"
