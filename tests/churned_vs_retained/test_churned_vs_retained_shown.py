"""The comparison as the pages show it: its first screen, its line in the review, with whom to begin, and odd
businesses from the files to the page.
"""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
from cells import LEAKS, SCHEMA, run_cells
from conftest import write_folder

from retention_helpers import churned_vs_retained, monthly_review
from retention_helpers.business import Business, opening
from retention_helpers.churned_vs_retained import established, features, landmark, lot, univariate
from retention_helpers.churned_vs_retained.known import SIGNED_UP_IN
from retention_helpers.churned_vs_retained.lot import HELPED
from retention_helpers.churned_vs_retained.said import sentences
from retention_helpers.churned_vs_retained.valuation import Proposal, wanted
from retention_helpers.plan.gathering import beginning
from retention_helpers.report import notebooks

SIGNED_UP = dt.date(2025, 9, 1)


def day(number: int, hour: int = 12) -> str:
    return f"{SIGNED_UP + dt.timedelta(days=number)}T{hour:02}:00:00"


def judged(**columns: Any) -> pd.DataFrame:
    """A table of `compare_together` with what the pages take of it, a row of each value."""
    usual: dict[str, Any] = {
        "name": "onboarding_completed", "label": "onboarding completed in the first week",
        "kind": "yes or no", "tier": "first week", "level": "no", "rest": "yes", "level_customers": 100,
        "level_lost": 40, "level_risk": 0.4, "rest_customers": 100, "rest_lost": 20, "rest_risk": 0.2,
        "difference": 0.2, "difference_low": 0.07, "difference_high": 0.32, "verdict": "confirmed",
        "leads": True, "works_through": (), "explained_by": (), "moves_with": (),
    }  # fmt: skip
    many = max((len(values) for values in columns.values()), default=1)
    return pd.DataFrame({**{name: [value] * many for name, value in usual.items()}, **columns})


PROPOSED = Proposal(
    "onboarding_completed", "onboarding completed in the first week", "yes", 0.3, 0.2, 20.0, 290, 29.0,
    0.5, 0.65, 169, 16.9,
)  # fmt: skip


# --- the review --------------------------------------------------------------------------------------


def test_the_review_says_how_many_left_on_both_sides() -> None:
    """The largest difference that holds up, in words, and how many others do."""
    together = judged(
        name=["later_days_of_use", "onboarding_completed"],
        label=["days of use, days 7 to 30", "onboarding completed in the first week"],
        kind=["number", "yes or no"], level=["7 or less", "no"], rest=["8 or more", "yes"],
        difference=[0.1, 0.2],
    )  # fmt: skip
    said = repr(monthly_review.difference_card(together))
    assert "Without “onboarding completed in the first week” 40 % of 100 left, with it 20 % of 100." in said
    assert "1 other difference held up too" in said
    other = repr(monthly_review.difference_card(together.head(1)))
    assert "Days of use, days 7 to 30: with “7 or less” 40 % of 100 left, with “8 or more” 20 %" in other


def test_customers_of_a_kind_are_to_be_spoken_with() -> None:
    """A segment cannot be given to anybody: it is said, and no experiment is."""
    together = judged(
        name=["channel"], label=["channel"], kind=["category"], tier=["sign-up"], level=["paid"],
        rest=["all others"],
    )  # fmt: skip
    said = repr(monthly_review.difference_card(together))
    assert "Channel: with “paid” 40 % of 100 left, of all others 20 % of 100." in said
    (row,) = monthly_review.what_was_different(together, 90, []).rows
    assert row.do_now == "Speak with those of “paid”: what did they expect, and what did they meet?"


@pytest.mark.parametrize(
    "columns",
    [{"verdict": ["not seen"]}, {"verdict": ["too few"]}, {"verdict": ["seen, not told apart"]},
     {"name": [SIGNED_UP_IN], "kind": ["category"], "tier": ["sign-up"]}],
)  # fmt: skip
def test_without_a_difference_to_act_on_there_is_no_card_and_no_table(columns: dict[str, Any]) -> None:
    """Nothing holds up; or customers of two years ago did, which is no finding of this month."""
    assert monthly_review.difference_card(judged(**columns)) is None
    shown = monthly_review.what_was_different(judged(**columns), 90, [])
    assert shown.rows == () and "nothing to try yet" in repr(shown)


def test_an_experiment_is_proposed_only_where_somebody_could_begin() -> None:
    """An order of the plan with what it is about; without newcomers, or without a proposal, there is none."""
    people = pd.DataFrame({"customer_id": ["A", "B"], "mrr": [20, 30]})
    assert "onboarding completed in the first week" in beginning(people, PROPOSED)["what"].iloc[0]
    assert beginning(people.head(0), PROPOSED).empty and beginning(people, None).empty


def test_the_first_screen_gives_causes_first_and_shadows_after_them() -> None:
    """A confirmed driver with what it works through; a shadow of something earlier with what casts it."""
    together = judged(
        name=["channel", "onboarding_completed", "integration", "later_days_of_use"],
        label=["channel", "onboarding completed", "integration connected", "days of use"],
        kind=["category", "yes or no", "yes or no", "number"],
        tier=["sign-up", "first week", "first week", "later"],
        difference=[0.1, 0.2, 0.15, 0.3],
        verdict=["not seen", "confirmed", "explained by others", "not seen"],
        explained_by=[(), (), ("channel",), ()],
        works_through=[(), ("later_days_of_use",), (), ()],
    )
    rows = monthly_review.what_was_different(together, 90, []).rows
    assert [row.verdicts[0].text for row in rows] == ["holds up", "explained by others"]
    assert {verdict.tone for row in rows for verdict in row.verdicts} == {"open"}
    assert rows[0].do_now.endswith("It seems to work through days of use.")
    assert rows[1].do_now == "Nothing about it by itself: look at channel."


# --- with whom to begin --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lives(business_of: Callable[..., Business]) -> Business:
    """
    The report of March 2026; 60 old customers, every second of whom completed the onboarding. The young:

                sign-up                31 March
    did_it      20 March  o            ==========   completed: nothing to win
    not_yet     20 March               ==========   open to it, and no longer in the first week
    asks        20 March        x      ==========   has asked already
    trial       25 March               tttttttttt   pays nothing yet
    gone        10 March ======                     left
    too_old     28 February            ==========   31 days: old enough for the landmark
    first_day   31 March               =            open to it
    """
    old = [(f"old-{n:02}", day(n), "", 10) for n in range(60)]
    young = [
        ("did_it", "2026-03-20", "", 20),
        ("not_yet", "2026-03-20", "", 30),
        ("asks", "2026-03-20", "", 20),
        ("trial", "2026-03-25", "", "", "trialing"),
        ("gone", "2026-03-10", "2026-03-18", 20),
        ("too_old", "2026-02-28", "", 20),
        ("first_day", "2026-03-31", "", 40),
    ]
    events = [(f"old-{n:02}", day(n + 2), "onboarding_completed") for n in range(0, 60, 2)]
    events += [(f"old-{n:02}", day(n + 3), "login") for n in range(60)]
    events.append(("did_it", "2026-03-22T10:00:00", "onboarding_completed"))
    return business_of(
        [*old, *young],
        events=events,
        cancellations=[("asks", "2026-03-28", "too_complex", "voluntary")],
        settings={"min_customers": 5},
    )


def test_the_lot_is_drawn_among_newcomers_who_can_still_be_won(lives: Business) -> None:
    """By hand: one is open to it and in the first week; `not_yet` is too old at 11 days to win in it."""
    comparison = features.comparison(lives, landmark_days=30)
    alone = univariate.compare_alone(comparison)
    alone.loc[alone["name"] == "onboarding_completed", ["cut", "is_upper"]] = [0.5, False]
    drawn = lot.drawn_by_lot(lives, comparison, alone, PROPOSED)
    assert drawn[["customer_id", "days_since_sign_up", "mrr"]].values.tolist() == [
        ["first_day", 0, 40],
    ]
    assert lot.drawn_by_lot(lives, comparison, alone, None).empty


def test_nobody_whose_outcome_is_open_is_named_for_another_experiment(business_of: Any) -> None:
    """
    Of newcomers of 28 March, at the end of March: `runs` was drawn into what runs, `open` into what ended on
    30 March and is looked at on day 35; of `past` that day is over, and what `told` tried is decided.
    """

    def tried(days: int, **more: Any) -> dict[str, Any]:
        return {
            "hypothesis": "a call keeps them", "started_on": dt.date(2026, 1, 1), "randomised": True,
            "arms": {"control": 0.5, "call": 0.5}, "outcome": {"kind": "retained", "days": days}, **more,
        }  # fmt: skip

    over = {"ended_on": dt.date(2026, 3, 30)}
    business = business_of(
        [(who, "2026-03-28", "", 20) for who in ("free", "runs", "open", "past", "told")],
        assignments=[(name, name, "call", "2026-03-28") for name in ("runs", "open", "past", "told")],
        experiments={
            "runs": tried(35), "open": tried(35, **over), "past": tried(3, **over),
            "told": tried(35, **over, decision="we keep it"),
        },
    )  # fmt: skip
    assert lot._young(business, 30)["customer_id"].tolist() == ["free", "past", "told"]
    assert churned_vs_retained.tried_with_newcomers(business, 30) == ["runs", "open"]
    assert churned_vs_retained.tried_with_newcomers(business, 3) == [], "nobody is so young"


def test_what_can_be_tried_with_newcomers_waits_for_what_is_tried_with_them() -> None:
    """Not what is no trial: to speak with a kind of customers, to read a ticket."""
    together = judged(
        name=["onboarding_completed", "later_days_of_use", "channel", "tickets"],
        label=["onboarding completed", "days of use", "channel", "tickets"],
        kind=["yes or no", "number", "category", "number"],
        tier=["first week", "later", "sign-up", "later"],
        difference=[0.4, 0.3, 0.2, 0.1],
    )
    rows = monthly_review.what_was_different(together, 90, ["onboarding_call"]).rows
    assert [row.do_now.split(":")[0] for row in rows] == [
        "Once “Onboarding call” is decided", "Once “Onboarding call” is decided",
        "Speak with those of “no”", "Read these tickets",
    ]  # fmt: skip
    assert "decided: help every second newcomer" in rows[0].do_now
    two = monthly_review.what_was_different(together, 90, ["onboarding_call", "welcome_video"]).rows
    assert two[0].do_now.startswith("Once “Onboarding call” and “Welcome video” are decided: help")


def test_nobody_is_told_to_bring_about_a_harm() -> None:
    """That no ticket is negative may be worth something; that one is may not."""
    valued = pd.DataFrame(
        [
            ("negative_ticket", "yes"), ("failed_payment", "yes"), ("negative_ticket", "no"),
            ("onboarding_completed", "yes"),
        ],
        columns=["name", "better"],
    )  # fmt: skip
    assert wanted(valued).values.tolist() == [["negative_ticket", "no"], ["onboarding_completed", "yes"]]


def test_the_lot_is_fair_and_each_customers_own() -> None:
    """2,000 names: about half are helped (within four standard errors), and another experiment draws anew."""
    from retention_helpers.churned_vs_retained.lot import _lot

    one = [_lot("onboarding", f"C-{n}") for n in range(2000)]
    other = [_lot("project", f"C-{n}") for n in range(2000)]
    assert abs(one.count(HELPED) - 1000) < 90
    assert abs(sum(a == b for a, b in zip(one, other, strict=True)) - 1000) < 90
    assert one == [_lot("onboarding", f"C-{n}") for n in range(2000)]


# --- what could have been missed, and who is compared ---------------------------------------------------


def test_what_could_have_been_missed_is_the_farther_end_of_the_interval() -> None:
    """−3 to +12 points hide up to 12, −20 to +2 up to 20; what is confirmed hides nothing."""
    together = judged(
        label=["colour", "size", "channel"],
        verdict=["not seen", "not seen", "confirmed"],
        difference_low=[-0.20, -0.03, 0.1],
        difference_high=[0.02, 0.12, 0.3],
    )
    shown = churned_vs_retained.not_seen(together)
    assert shown.value["missed"].tolist() == [0.12, 0.20]
    assert shown.value["could_have_been_missed"].tolist() == ["up to 12.0 points", "up to 20.0 points"]
    said = str(shown.sentence())
    assert "“size”: a difference beyond 12.0 points would have shown" in said
    assert "“colour”, up to 20.0 points" in said


def test_everybody_who_signed_up_is_accounted_for_in_words(lives: Business) -> None:
    """Of the 67, 60 old ones and `too_old` are compared; one trial is as young as the others."""
    stages = landmark.flow(lives, landmark_days=30)
    said = str(sentences.flow(stages, 30))
    assert said.startswith("Of 67 customers who signed up, 61 were there on day 30 and can be compared.")
    assert "6 signed up too late to be that old" in said


# --- odd businesses, from the files to the page ---------------------------------------------------------


def _customers(size: int, columns: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"customer_id": f"C-{n:03}", "signed_up_at": day(n % 25)[:10], **columns(n)} for n in range(size)]


def _business(
    size: int,
    columns: Callable[[int], dict[str, Any]],
    leaves: Callable[[int], bool] = lambda n: n % 3 == 0,
    **more: Any,
) -> dict[str, Any]:
    spans = [
        (f"C-{n:03}", day(n % 25), day(n % 25 + 40 + n % 37) if leaves(n) else "", 10 + n % 4)
        for n in range(size)
    ]
    return {"spans": spans, "customers": _customers(size, columns), **more}


def _events(size: int, often: Callable[[int], int]) -> list[tuple[str, str, str]]:
    return [
        (f"C-{n:03}", day(n % 25 + on), "login" if on else "onboarding_completed")
        for n in range(size)
        for on in range(often(n))
    ]


ODD: dict[str, dict[str, Any]] = {
    "forty customers with every table": _business(
        40, lambda n: {"size": "ab"[n % 2]}, events=_events(40, lambda n: n % 9),
        tickets=[("C-001", day(5), "negative")], emails=[("C-002", day(6), day(7))],
        payments=[("C-003", day(4), "failed")],
    ),
    "nobody left": _business(120, lambda n: {"size": "ab"[n % 2]}, lambda n: False,
                             events=_events(120, lambda n: n % 9)),
    "everybody left": _business(120, lambda n: {"size": "ab"[n % 2]}, lambda n: True,
                                events=_events(120, lambda n: n % 9)),
    "no event in the first days": _business(120, lambda n: {"size": "ab"[n % 2]},
                                            events=[("C-000", day(150), "login")]),
    "five hundred levels": _business(1000, lambda n: {"branch": f"branch {n % 500}"}),
    "the same for everybody, and missing for all": _business(
        200, lambda n: {"language": "de", "budget": "", "team": "" if n % 2 else "sales"}
    ),
    "columns that say the same": _business(
        300,
        lambda n: {"seats": n % 17, "chairs": n % 17 * 2, "colour": "rgb"[n % 3], "shade": "RGB"[n % 3]},
        lambda n: (n % 17 < 6) != (n % 5 == 0), events=_events(300, lambda n: n % 7),
    ),
    "a level that always leaves": _business(
        300, lambda n: {"origin": "fair" if n % 10 < 3 else "web" if n % 2 else "shop"},
        lambda n: n % 10 < 3 or n % 19 == 0, settings={"attributes": ["origin"]},
    ),
    "the outcome itself, vouched for": _business(
        300, lambda n: {"fate": "gone" if n % 3 == 0 else "here", "score": n % 3},
        settings={"attributes": ["fate", "score"]},
    ),
}  # fmt: skip


@pytest.fixture(params=ODD, scope="module")
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, dict]:
    """Of each odd business what the notebook says, and what it hands on."""
    home = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        defaults = {**opening.open_business.__kwdefaults__, "cache": home / "cache"}
        patch.setattr(opening.open_business, "__kwdefaults__", defaults)
        data = write_folder(home / "data", **ODD[request.param])
        path = next(one for one in notebooks.in_reading_order() if one.stem == "churned_vs_retained")
        findings_to = home / "findings.json"
        parameters = {"data": str(data), "month": "2026-03", "findings_to": str(findings_to)}
        said = run_cells(path, parameters)
    return request.param, said, json.loads(Path(findings_to).read_text(encoding="utf-8"))


def test_an_odd_business_has_its_page(page: tuple[str, str, dict]) -> None:
    """Nothing missing in words, findings after the schema, and verdicts that its data can bear."""
    kind, said, record = page
    assert not LEAKS.findall(said), kind
    whole = {"schema_version": 1, "month": "2026-03", "as_of": "2026-04-01", "currency": None, **record}
    jsonschema.validate(whole, SCHEMA)
    verdicts = {one["name"]: one["verdict"] for one in record["comparison"]["drivers"]}
    apart = {one["column"] for one in record["comparison"]["set_apart"]}
    told = {
        "forty customers with every table": lambda: "confirmed" not in verdicts.values(),
        "nobody left": lambda: set(verdicts.values()) == {"too few"},
        "everybody left": lambda: set(verdicts.values()) == {"too few"},
        "no event in the first days": lambda: "confirmed" not in verdicts.values(),
        "five hundred levels": lambda: "branch" in apart or verdicts["branch"] in ("not seen", "too few"),
        "the same for everybody, and missing for all": lambda: {"language", "budget"} <= apart,
        "columns that say the same": lambda: verdicts["seats"] == verdicts["chairs"] == "confirmed",
        "a level that always leaves": lambda: verdicts["origin"] == "confirmed",
        "the outcome itself, vouched for": lambda: verdicts["fate"] == verdicts["score"] == "confirmed",
    }
    assert told[kind](), (verdicts, apart)


def test_twins_are_named_and_one_speaks_for_both(page: tuple[str, str, dict]) -> None:
    """Where two columns say the same, each names the other."""
    kind, _, record = page
    if kind == "columns that say the same":
        moves = {one["name"]: one["moves_with"] for one in record["comparison"]["drivers"]}
        assert moves["chairs"] == ["seats"] and moves["seats"] == ["chairs"]
        assert moves["shade"] == ["colour"]


# --- an owner's own names, and numbers in words ---------------------------------------------------------


def test_an_owners_names_are_shown_as_the_owner_called_them(business_of: Callable[..., Business]) -> None:
    """Attributes called like columns of ours: a size is no number of customers, an area no order of pairs."""
    names = ("size", "area", "pairs", "rate", "sales_region")
    odd = _business(200, lambda n: {name: "ab"[n // 2**nth % 2] for nth, name in enumerate(names)})
    comparison = features.comparison(business_of(**odd), landmark_days=30)
    table = churned_vs_retained.segments(comparison).table()
    assert {row[0] for row in table.rows} == {"Size", "Area", "Pairs", "Rate", "Sales region"}
    alone = churned_vs_retained.alone(churned_vs_retained.drivers(comparison)).table()
    assert {"size", "area", "pairs", "rate"} <= {row[0].partition(":")[0] for row in alone.rows}


def test_an_attribute_called_like_a_driver_of_ours_stands_beside_it(opened: Any) -> None:
    """Both are compared, each by what it says: the owner's word, and what the tables tell."""
    names = ("negative_ticket", "onboarding_completed", "later_login")
    odd = _business(80, lambda n: {name: "ab"[n // 2**nth % 2] for nth, name in enumerate(names)})
    tickets = [(f"C-{n:03}", day(n % 25 + 9), "negative") for n in range(0, 80, 4)]
    tickets.append(("C-001", day(90), "neutral"))
    with opened(**odd, tickets=tickets, events=_events(80, lambda n: n % 13)) as business:
        comparison = features.comparison(business, landmark_days=30)
    kinds = {driver.name: driver.kind for driver in comparison.drivers}
    assert len(kinds) == len(comparison.drivers)
    assert {kinds[f"customers.{name}"] for name in names} == {"category"}
    assert kinds["negative_ticket"] == kinds["onboarding_completed"] == "yes or no"


def test_the_page_tells_the_days_of_the_code() -> None:
    """Established customers: the words of the page, in days and months."""
    page = next(one for one in notebooks.in_reading_order() if one.stem == "churned_vs_retained")
    text = page.read_text(encoding="utf-8")
    lately, before = established.LATELY, established.BEFORE
    assert "Customers of four months and more" in text and lately + before == 4 * 30
    assert f"the last {lately} days against the {before} days before" in text
    assert f"whether they leave in the {established.WITHIN} days after" in text
