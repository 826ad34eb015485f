"""Moods told from texts, time to answer and to close, and mails by channel: by hand and by their laws."""

from collections.abc import Callable

import pytest

from retention_helpers import early_warning
from retention_helpers.business import Business
from retention_helpers.business.moods import kept_tickets
from retention_helpers.early_warning import seen, support
from retention_helpers.words import moods
from retention_helpers.words.themes import lists_of

SPANS = [("A", "2025-01-05", "", 10), ("B", "2025-01-05", "", 10)]


def test_the_held_out_texts_are_held_out() -> None:
    """None of them is among those that the phrases were made from; there are a hundred or more, in nine
    languages; and what the page says of them is counted by a loop.
    """
    shown, held = lists_of(moods.LABELLED)["shown"], moods.held_out()
    every = [text for texts in held.values() for text in texts]
    assert len(every) >= 100 and len(set(every)) == len(every)
    assert not set(every) & {text for texts in shown.values() for text in texts}
    right = sum(moods.mood_of(text) == mood for mood, texts in held.items() for text in texts)
    found = support.mood_test()
    assert (found.right.numerator, found.right.denominator) == (right, len(every))
    negative = [text for text in held["negative"] if moods.mood_of(text) == "negative"]
    assert found.negative_found.numerator == found.negative_right.numerator == len(negative)


def test_a_mood_that_is_told_can_be_believed() -> None:
    """Far better than saying neutral of everything, and hardly ever negative where nobody complains."""
    found = support.mood_test()
    assert found.right.low > max(map(len, moods.held_out().values())) / found.right.denominator
    assert found.negative_right.value > 0.9


@pytest.mark.parametrize(
    ("text", "mood"),
    [("Thanks, but it still does not load.", "negative"), ("Does it load offline?", "neutral"),
     ("It is not slow at all, great work!", "positive"), ("", "neutral"), ("<b>!!!</b>", "neutral")],
)  # fmt: skip
def test_a_complaint_goes_before_thanks(text: str, mood: str) -> None:
    assert moods.mood_of(text) == mood


def test_a_coded_mood_is_never_changed(business_of: Callable[..., Business]) -> None:
    of = business_of(
        SPANS,
        tickets=[("A", "2026-02-01", "positive", "It crashes"), ("A", "2026-02-02", "", "It crashes"),
                 ("B", "2026-02-03", "", ""), ("B", "2026-02-04", "", "It crashes")],
    )  # fmt: skip
    rows = kept_tickets(of).order_by("opened_on").execute()
    assert list(rows["sentiment"].fillna("-")) == ["positive", "negative", "-", "negative"]
    assert list(rows["is_told"]) == [False, True, False, True]
    by_mood = support.by_mood(of).set_index("mood")
    assert list(by_mood["tickets"]) == [2, 0, 1] and list(by_mood["told"]) == [2, 0, 0]
    warned = seen.negative_tickets(of, [of.as_of]).execute()
    assert set(warned["customer_id"]) == {"A", "B"}
    said = early_warning.tickets_by_mood(of).sentence(early_warning.mood_test()).text
    assert "told from the text" in said and f"{support.mood_test().right.denominator}" in said


def test_how_long_customers_wait(business_of: Callable[..., Business], opened: Callable) -> None:
    """Answered after 5 and 30 hours, and not at all; a ticket of the last day is too young to be judged; an
    answer after the cut is none yet; one before the opening is none.
    """
    columns = ("customer_id", "opened_at", "answered_at", "closed_at")
    rows = [
        ("A", "2026-03-01T10:00", "2026-03-01T15:00", "2026-03-03T10:00"),
        ("A", "2026-03-02T10:00", "2026-03-03T16:00", ""),
        ("B", "2026-03-03T10:00", "", ""),
        ("B", "2026-03-31T12:00", "2026-04-01T09:00", "2026-04-02"),
        ("B", "2026-03-05T12:00", "2026-03-05T09:00", ""),
    ]
    of = business_of(SPANS, tickets=[])
    text = ",".join(columns) + "\n" + "".join(",".join(row) + "\n" for row in rows)
    (of.folder / "tickets.csv").write_text(text)
    from retention_helpers.business import open_business

    again = open_business(of.folder, "2026-03", cache=of.folder.parent / "cache")
    found = support.times(again)
    lately = found[found["period"] == "last 3 months"].set_index("what")
    assert list(lately.loc["answered"][["tickets", "judged", "in_time"]]) == [5, 4, 1]
    assert list(lately.loc["closed"][["tickets", "judged", "in_time"]]) == [5, 4, 1]
    again.close()


def test_mails_by_channel(business_of: Callable[..., Business]) -> None:
    """A click is an opening; a mail of the last days is not judged; one opened after the cut is not "
    "opened."""
    of = business_of(SPANS, emails=[])
    (of.folder / "emails.csv").write_text(
        "customer_id,sent_at,opened_at,clicked_at,channel\n"
        "A,2026-03-01,2026-03-02,,news\nB,2026-03-01,,2026-03-02,news\nA,2026-03-05,2026-04-02,,news\n"
        "A,2026-03-30,2026-03-30,,news\nB,2026-03-01,,,\n"
    )
    from retention_helpers.business import open_business

    again = open_business(of.folder, "2026-03", cache=of.folder.parent / "cache")
    rows = support.mails_by_channel(again).set_index("channel")
    assert list(rows.loc["news"][["mails", "old_enough", "opened", "clicked"]]) == [4, 3, 2, 1]
    assert list(rows.loc["(not given)"][["mails", "opened"]]) == [1, 0]
    again.close()


def test_without_the_columns_it_says_what_it_takes(business_of: Callable[..., Business]) -> None:
    of = business_of(SPANS, emails=[("A", "2026-03-01")], tickets=[("A", "2026-03-01")])
    assert "channel" in early_warning.mails_by_channel(of).sentence().text
    assert "answered_at" in early_warning.support_times(of).sentence().text
    assert "sentiment" in early_warning.tickets_by_mood(of).sentence(early_warning.mood_test()).text
