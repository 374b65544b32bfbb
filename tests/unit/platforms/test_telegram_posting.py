from markupsafe import Markup

from bot.platforms.telegram.posting import ALERT_LIMIT, MESSAGE_LIMIT, alert, fits_alert, pages


def test_a_short_text_is_one_message() -> None:
    assert pages(Markup("<b>yes</b>\nand more")) == ["<b>yes</b>\nand more"]


def test_a_long_text_is_cut_at_line_breaks_and_nothing_is_lost() -> None:
    lines = [f"<b>{number:04}</b> " + "x" * 80 for number in range(150)]

    found = pages(Markup("\n".join(lines)))

    assert "\n".join(found).split("\n") == lines
    assert len(found) > 1
    assert all(len(Markup(page).striptags()) <= MESSAGE_LIMIT for page in found)
    assert all(page.count("<b>") == page.count("</b>") for page in found)


def test_a_line_that_is_too_long_by_itself_is_shortened() -> None:
    [page] = pages(Markup("<b>" + "&lt;" * 5000 + "</b>"))

    assert len(Markup(page).striptags()) == MESSAGE_LIMIT
    assert page.endswith("&lt;</b>…")


def test_length_is_counted_as_it_is_shown() -> None:
    text = Markup("\n".join(["&lt;" * 100] * 40))

    assert len(pages(text)) == 1


def test_an_alert_is_plain_and_short() -> None:
    assert alert(Markup("<b>a &lt; b</b>\nsecond")) == "a < b\nsecond"
    assert len(alert(Markup("x" * 500))) == ALERT_LIMIT


def test_what_fits_an_alert_is_counted_as_it_is_shown() -> None:
    assert fits_alert(Markup("<b>" + "&lt;" * ALERT_LIMIT + "</b>"))
    assert not fits_alert(Markup("x" * (ALERT_LIMIT + 1)))
