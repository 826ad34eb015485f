"""What those who stay ask for, against a slow loop, by hand, and on texts of several languages."""

from collections.abc import Callable

import pytest

from retention_helpers import churn_reasons
from retention_helpers.business import Business
from retention_helpers.churn_reasons import asks


def business(
    business_of: Callable[..., Business], stays_say: str, goes_say: str, why: str = "", many: int = 30
) -> Business:
    """As many who stay and wrote a ticket as who left in March, had written one, and said something on
    leaving."""
    spans = [(f"S-{n}", "2025-01-05", "", 10) for n in range(many)]
    spans += [(f"L-{n}", "2025-01-05", "2026-03-10", 10) for n in range(many)]
    return business_of(
        spans,
        tickets=[(f"S-{n}", "2026-02-01", "", stays_say) for n in range(many)]
        + [(f"L-{n}", "2026-02-01", "", goes_say) for n in range(many)],
        cancellations=[(f"L-{n}", "2026-03-01", "other", "voluntary", why) for n in range(many)],
    )


def asked(of: Business, *, min_customers: int = 20):  # type: ignore[no-untyped-def]
    lost = churn_reasons.losses(of)
    return asks.asked_for(of, lost, churn_reasons.period(of, 12), min_customers=min_customers)


def test_a_wish_that_leavers_have_and_stayers_have_not(business_of: Callable[..., Business]) -> None:
    rows = asked(business(business_of, "Too slow, it crashes.", "Please add time tracking."))
    told = rows.set_index(["kind", "name"])
    wish = told.loc["wish", "time tracking"]
    assert (wish["leavers"], wish["stayers"], wish["verdict"]) == (30, 0, "leavers more")
    assert told.loc["theme", "reliability"]["verdict"] == "stayers more"
    assert wish["on_leaving"] == 0


def test_what_leavers_alone_are_asked_is_held_against_nothing(business_of: Callable[..., Business]) -> None:
    """Both write of crashes; asked why, all leavers name the price and time tracking, which two of each side
    had written of. Tickets from the day of the request on are about leaving, too.
    """
    spans = [(f"S-{n}", "2025-01-05", "", 10) for n in range(30)]
    spans += [(f"L-{n}", "2025-01-05", "2026-03-10", 10) for n in range(30)]
    both = [(f"{side}-{n}", "2026-02-01", "", "It crashes.") for side in "SL" for n in range(30)]
    some = [
        (f"{side}-{n}", "2026-02-02", "", "Too expensive. Please add time tracking.")
        for side in "SL"
        for n in range(2)
    ]
    after = [(f"L-{n}", f"2026-03-0{1 + n % 5}", "", "Too expensive, I asked to cancel.") for n in range(30)]
    why = "Too expensive. Please add time tracking."
    of = business_of(
        spans,
        tickets=[*both, *some, *after],
        cancellations=[(f"L-{n}", "2026-03-01", "other", "voluntary", why) for n in range(30)],
    )
    rows = asked(of)
    told = rows.set_index("name")
    assert set(rows["verdict"]) == {"no clear difference"}
    for name in ("price", "time tracking"):
        assert list(told.loc[name][["leavers", "leavers_wrote", "on_leaving", "stayers"]]) == [2, 30, 30, 2]


def test_what_both_write_is_no_difference_and_few_are_too_few(business_of: Callable[..., Business]) -> None:
    same = business(business_of, "Il manque une vue Gantt.", "Uns fehlt die Zeiterfassung.")
    rows = asked(same).set_index(["kind", "name"])
    assert rows.loc["theme", "missing_feature"]["verdict"] == "no clear difference"
    assert set(asked(same, min_customers=31)["verdict"]) == {"too few"}


def test_everybody_counts_once_and_on_one_side(business_of: Callable[..., Business]) -> None:
    """A leaver who had written before; a stayer who writes twice; who came back stays; old and later ones of
    nobody.
    """
    of = business_of(
        [("A", "2025-01-05", "2026-03-10", 10), ("B", "2025-01-05", "", 10),
         ("C", "2025-01-05", "2026-02-10", 10), ("C", "2026-03-05", "", 10)],
        tickets=[("A", "2026-02-01", "", "Too expensive"), ("B", "2026-02-01", "", "Too expensive"),
                 ("B", "2026-02-02", "", "zu teuer"), ("B", "2024-12-02", "", "it crashes"),
                 ("C", "2026-02-05", "", "trop cher"), ("B", "2026-04-02", "", "it crashes")],
        nps=[("B", "2026-01-01", 3, "Support never answers")],
        cancellations=[("A", "2026-03-01", "other", "voluntary", "Too expensive")],
    )  # fmt: skip
    rows = asked(of).set_index("name")
    counts = ["leavers", "leavers_wrote", "on_leaving", "stayers", "stayers_wrote"]
    assert list(rows.loc["price"][counts]) == [1, 1, 1, 2, 2]
    assert rows.loc["support"]["stayers"] == 1 and "reliability" not in rows.index


def test_without_texts_it_says_what_it_takes(business_of: Callable[..., Business]) -> None:
    of = business_of([("A", "2025-01-05", "", 10)])
    result = churn_reasons.asked_for(
        of, churn_reasons.losses(of), churn_reasons.period(of, 12), min_customers=20
    )
    assert "tickets.csv" in result.sentence().text and result.figure() is None


@pytest.mark.parametrize("addresses", ["Call me at +49 30 1234567"])
def test_what_is_read_is_masked(business_of: Callable[..., Business], addresses: str) -> None:
    of = business_of([("A", "2025-01-05", "", 10)], tickets=[("A", "2026-02-01", "", addresses)])
    assert list(asks.texts(of)["text"]) == ["Call me at [phone number]"]
