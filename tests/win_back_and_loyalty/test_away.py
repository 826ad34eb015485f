"""Who is lapsed and who is gone, why nothing is sent to them, and who comes back by themselves."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from retention_helpers import win_back_and_loyalty
from retention_helpers.business import Business
from retention_helpers.shown.proposals import proposals
from retention_helpers.win_back_and_loyalty import away

NOBODY = pd.DataFrame(columns=["customer_id", "drawn_into", "treatment", "until", "is_open"])
NOTHING = proposals([])
STARTED = "2025-01-10"


def used(*pairs: tuple[str, str]) -> list[tuple[str, str, str]]:
    """An early event of everybody, so that use could be seen; then the last use of each."""
    return [*((who, "2025-02-01", "login") for who, _ in pairs), *((who, day, "login") for who, day in pairs)]


@pytest.fixture(scope="module")
def shop(business_of: Callable[..., Business]) -> Business:
    """The end of March 2026; U the last use, E the end of service, asked: a request.

    silent   U 1 March, 30 days of silence after it      lapsed
    awake    U 2 March, 29 days                          not away
    asked    U 1 January, asked on 20 March              lapsed, left out
    due      U 1 January, past due                       lapsed, left out
    no       U 1 January, may_contact no                 lapsed, left out
    new      began on 20 March, no use                   not away
    gone     E 15 January                                gone
    edge     E 1 April 2025, 365 days before             gone
    long     E 31 March 2025, 366 days before            too long ago
    fresh    E 10 March, 21 days                         gone, left out
    back     E 15 January, back on 1 March, used since   not away
    """
    spans = [
        *((who, STARTED, "", 50, "active", "pro") for who in ("silent", "awake", "asked", "no")),
        ("due", STARTED, "2026-03-20", 50, "active", "pro"),
        ("due", "2026-03-20", "", 50, "past_due", "pro"),
        ("new", "2026-03-20", "", 50, "active", "pro"),
        ("gone", STARTED, "2026-01-15", 70, "active", "pro"),
        ("edge", STARTED, "2025-04-01", 30, "active", "pro"),
        ("long", STARTED, "2025-03-31", 30, "active", "pro"),
        ("fresh", STARTED, "2026-03-10", 30, "active", "pro"),
        ("back", STARTED, "2026-01-15", 30, "active", "pro"),
        ("back", "2026-03-01", "", 30, "active", "pro"),
    ]
    customers = [
        {"customer_id": who, "signed_up_at": "2026-03-20" if who == "new" else STARTED,
         "may_contact": "no" if who == "no" else ""}
        for who in dict.fromkeys(span[0] for span in spans)
    ]  # fmt: skip
    events = used(("silent", "2026-03-01"), ("awake", "2026-03-02"), ("asked", "2026-01-01"),
                  ("due", "2026-01-01"), ("no", "2026-01-01"), ("back", "2026-03-30"))  # fmt: skip
    return business_of(spans, customers=customers, events=events, cancellations=[("asked", "2026-03-20", "")])


def found(business: Business, drawn: pd.DataFrame = NOBODY, urgent: pd.DataFrame = NOTHING) -> Any:
    rows = away.away(business, drawn, urgent)
    return {row.customer_id: (row.kind, row.cause) for row in rows.itertuples()}


def test_lapsed_and_gone_at_their_edges(shop: Business) -> None:
    assert found(shop) == {
        "silent": ("lapsed", ""), "asked": ("lapsed", "asked"), "due": ("lapsed", "past_due"),
        "no": ("lapsed", "may_not"), "gone": ("gone", ""), "edge": ("gone", ""),
        "fresh": ("gone", "just_left"),
    }  # fmt: skip


@pytest.mark.parametrize("before", [(), ("2026-01-04",)])
@pytest.mark.parametrize(("asked_on", "cause"), [("2026-02-28", "asked"), ("2026-02-27", "")])
def test_a_request_older_than_a_paid_month_keeps_nobody_from_a_letter(
    business_of: Callable[..., Business], asked_on: str, cause: str, before: tuple[str, ...]
) -> None:
    """At the end of 31 March a request of 28 February is 31 days old, and one of 27 February 32.

    Whether they had asked before, and stayed, is no matter.
    """
    shop = business_of(
        [("a", STARTED, "", 50, "active", "pro", "month")],
        events=used(("a", "2026-01-01")),
        cancellations=[("a", day, "") for day in (*before, asked_on)],
    )
    assert found(shop) == {"a": ("lapsed", cause)}


def test_days_and_money(shop: Business) -> None:
    """30 days of silence from 2 to 31 March; MRR of now, or of the end of service."""
    rows = away.away(shop, NOBODY, NOTHING).set_index("customer_id")
    assert rows.loc[["silent", "gone", "edge"], "days"].tolist() == [30, 75, 364]
    assert [int(amount) for amount in rows.loc[["silent", "gone"], "mrr"]] == [50, 70]


def test_who_is_drawn_or_has_a_more_urgent_touch_is_left_out(shop: Business) -> None:
    """Also who was drawn long ago into something that tries mails and is not decided."""
    drawn = pd.DataFrame(
        [("silent", "mails", "mail", None, False), ("edge", "calls", "call", None, True),
         ("gone", "calls", "call", None, False)],
        columns=NOBODY.columns,
    )  # fmt: skip
    now = found(shop, drawn, proposals([{"customer_id": "gone", "action": "keep"}]))
    assert now["silent"][1] == now["edge"][1] == "drawn" and now["gone"][1] == "urgent"


def test_the_counts_add_up(shop: Business) -> None:
    rows = away.who_is_away(shop, away.away(shop, NOBODY, NOTHING)).set_index("kind")
    causes = rows[[*away.CAUSES, "to_write_to"]].sum(axis=1)
    assert causes.tolist() == rows["customers"].tolist() == [4, 3]
    assert [int(amount) for amount in rows["mrr_to_write_to"]] == [50, 100]


def test_without_events_silent_to_mails(business_of: Callable[..., Business]) -> None:
    """Three mails in 90 days and none opened; the fourth is two days old and no sign yet."""
    mails = [
        (who, day, "2026-03-05" if who == "reads" else "")
        for who in ("reads", "silent", "two")
        for day in ("2026-01-10", "2026-02-10", "2026-03-02")[: 2 if who == "two" else 3]
    ]
    shop = business_of(
        [(who, STARTED, "", 50) for who in ("reads", "silent", "two")],
        emails=[*mails, ("two", "2026-03-30", "")],
    )
    assert found(shop) == {"silent": ("lapsed", "")}


def test_nobody_away_is_nobody(business_of: Callable[..., Business]) -> None:
    shop = business_of([("a", STARTED, "", 50)], events=used(("a", "2026-03-30")))
    said = str(win_back_and_loyalty.who_is_away(shop, away.away(shop, NOBODY, NOTHING)).sentence(shop))
    assert "Nobody pays without using it." in said and "Nobody left within a year." in said
    assert "0 customers" not in said


def test_mails_whose_opening_nobody_sees_say_nothing(business_of: Callable[..., Business]) -> None:
    mails = [("a", day, "") for day in ("2026-01-10", "2026-02-10", "2026-03-02")]
    assert found(business_of([("a", STARTED, "", 50)], emails=mails)) == {}


def test_customers_and_subscriptions_alone(business_of: Callable[..., Business]) -> None:
    shop = business_of([("a", STARTED, "", 50), ("b", STARTED, "2026-01-15", 50)])
    assert found(shop) == {"b": ("gone", "")}
    told = win_back_and_loyalty.who_is_away(shop, away.away(shop, NOBODY, NOTHING))
    assert told.value["kind"].tolist() == ["gone"], "who pays without using it is not known, and not 0"
    assert told.record()["lapsed"] is None and told.record()["gone"]["customers"] == 1
    assert str(told.sentence(shop)).count("ho pays without using it") == 1
    assert not away.knows_refusals(shop)


def test_natural_return_by_hand(business_of: Callable[..., Business]) -> None:
    """Gone at the end of January 2025; counted from 1 February.

    ten    back on 10 February, day 9
    forty  back on 13 March, day 40
    never
    before mailed by a campaign on 25 January, before the month end: left out
    later  mailed on 15 April, day 73: of day 90 nobody of this month end is told
    Who is found away again a month later is no new one.
    """
    ended, first = "2025-01-20", "2024-11-01"
    spans = [(who, first, ended, 50) for who in ("ten", "forty", "never", "before", "later")]
    spans += [("ten", "2025-02-10", "", 50), ("forty", "2025-03-13", "", 50), ("stays", first, "", 50)]
    mails = [("x", "before", "mailed", "2025-01-25"), ("x", "later", "mailed", "2025-04-15")]
    shop = business_of(spans, month="2025-12", enrolments=mails)
    rows = away.natural_return(shop).query("kind == 'gone'").set_index("days")
    assert rows["followed"].tolist() == [4, 4, 0]
    assert rows["back"].tolist() == [1, 1, 0]


def test_a_campaign_that_mails_who_has_not_come_back_leaves_the_natural_return_as_it_is(
    business_of: Callable[..., Business],
) -> None:
    """
    Every month 20 go and two of them are back on day 30. From July on, all who are still away are mailed on
    day 40: who was mailed had not come back, so without them all would have.
    """
    spans: list[tuple[object, ...]] = [("stays", "2024-01-01", "", 50)]
    mails = []
    for month in range(1, 11):
        gone = [f"{month:02}{nth:02}" for nth in range(20)]
        end = pd.Timestamp(2025, month, 1) + pd.offsets.MonthEnd(0) + pd.Timedelta(days=1)
        spans += [(who, "2024-06-01", f"2025-{month:02}-15", 50) for who in gone]
        spans += [(who, (end + pd.Timedelta(days=30)).date().isoformat(), "", 50) for who in gone[:2]]
        day = (end + pd.Timedelta(days=40)).date().isoformat()
        mails += [("x", who, "mailed", day) for who in gone[2:] if month >= 7]
    rows = away.natural_return(business_of(spans, month="2026-03", enrolments=mails))
    share = rows.query("kind == 'gone'").set_index("days")["share"]
    assert share.tolist() == pytest.approx([0, 0.1, 0.1])


def test_who_may_not_be_contacted_is_not_part_of_the_pace(business_of: Callable[..., Business]) -> None:
    """Four leave in each of twelve months, and one of them is not to be contacted."""
    who = [(f"{month:02}{nth}", month, nth) for month in range(1, 13) for nth in range(4)]
    spans = [(one, "2024-06-01", f"2025-{month:02}-15", 50) for one, month, _ in who]
    shop = business_of(
        [*spans, ("stays", "2024-01-01", "", 50)],
        month="2025-12",
        customers=[
            {"customer_id": one, "signed_up_at": "2024-01-01", "may_contact": "" if nth else "no"}
            for one, _, nth in [*who, ("stays", 0, 1)]
        ],
    )
    assert set(away.natural_return(shop).query("kind == 'gone'")["a_month"]) == {3}


def test_a_report_of_an_earlier_month_does_not_change(business_of: Callable[..., Business]) -> None:
    """What happens in April is not known at the end of March."""
    early = [("a", STARTED, "2026-01-15", 50), ("b", STARTED, "", 50)]
    later = [*early, ("a", "2026-04-03", "", 50)]
    both = [away.away(business_of(spans), NOBODY, NOTHING) for spans in (early, later)]
    pd.testing.assert_frame_equal(*both)


def test_every_return_lies_behind_its_month_end(sample: Business) -> None:
    rows = away.kept_away(sample).execute()
    assert (pd.to_datetime(rows["since_on"]) < pd.to_datetime(rows["as_of"])).all()
    known = rows[rows["back_on"].notna()]
    assert (pd.to_datetime(known["back_on"]) >= pd.to_datetime(known["as_of"])).all()
    assert rows.loc[rows["kind"] == "lapsed", "days"].min() == away.SILENT_DAYS
    assert pd.to_datetime(rows["as_of"]).max().date() == sample.as_of == dt.date(2026, 11, 1)
