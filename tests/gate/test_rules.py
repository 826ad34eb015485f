"""Every rule of the gate on its smallest example, beside the nearest good data, on which it is silent."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from folders import examine, folder_of

from retention_helpers import shipped
from retention_helpers.business import SAMPLE, open_business
from retention_helpers.contract import attributes
from retention_helpers.contract.tables import ACCEPTABLE, Fault
from retention_helpers.data_quality import quality
from retention_helpers.gate import gate, rules

Rows = list[list[object]]
START = dt.date(2024, 1, 3)
LATEST = "2025-11-12"


def day(number: int) -> str:
    return (START + dt.timedelta(days=number)).isoformat()


class Data:
    """A good business of two years, to be spoilt in one way.

        C-000  0 ───────────────┤ 90
        C-001  6 ────────────────────────────────▶
        C-002  12 ──────────────────────────────▶
        C-003  18 ──────────────┤ 121   every third customer leaves, after 90 to 400 days

    Everybody signed up on the day of the start, pays 49 or 59 a month, and logs in every fifth day.
    """

    def __init__(self, customers: int = 114) -> None:
        self.customers: Rows = [["customer_id", "signed_up_at", "industry"]]
        self.spans: Rows = [["customer_id", "started_at", "ended_at", "mrr", "plan", "status", "interval"]]
        self.others: dict[str, Rows] = {}
        self.settings: dict[str, object] = {"business": "Harbour Desk"}
        for number in range(customers):
            begin = 6 * number
            end = begin + 90 + 31 * number % 311
            name = f"C-{number:03}"
            gone = number % 3 == 0 and day(end) < "2025-10-01"
            self.customers.append([name, day(begin), ("law", "design")[number % 2]])
            amount, plan = ((49, "solo"), (59, "team"))[number % 2]
            self.spans.append([name, day(begin), day(end) if gone else "", amount, plan, "active", "month"])

    def who(self, number: int) -> str:
        return f"C-{number:03}"

    def set(self, column: str, value: object, *, where: Callable[[int], bool] = lambda _: True) -> None:
        """Change a column of the spans of the customers whose number meets a condition."""
        at = self.spans[0].index(column)
        for number, row in enumerate(self.spans[1:]):
            if where(number):
                row[at] = value(row) if callable(value) else value

    def attribute(self, name: str, value: Callable[[int, bool], object]) -> None:
        """A further column of customers, from the customer's number and whether they left."""
        gone = {str(row[0]) for row in self.spans[1:] if row[2]}
        self.customers[0].append(name)
        for number, row in enumerate(self.customers[1:]):
            row.append(value(number, str(row[0]) in gone))

    def events(self, *, until: str = LATEST, skip: Sequence[str] = ("", "")) -> Rows:
        rows: Rows = [["customer_id", "occurred_at", "event"]]
        for who, begin, end, *_ in self.spans[1:]:
            last = min(str(end) or until, until)
            moment = dt.date.fromisoformat(str(begin)[:10])
            while moment.isoformat() <= last:
                if not skip[0] < moment.isoformat() < skip[1]:
                    rows.append([who, moment.isoformat(), "login"])
                moment += dt.timedelta(days=5)
        return rows

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        tables = {"customers": self.customers, "subscriptions": self.spans, **self.others}
        for name, rows in tables.items():
            text = "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        if self.settings:
            (folder / "retention.yml").write_text(yaml.safe_dump(self.settings), encoding="utf-8")
        return folder


@pytest.fixture
def data() -> Data:
    return Data()


@pytest.fixture
def faults_of(tmp_path: Path) -> Callable[[Data], list[Fault]]:
    return lambda data: examine(data.write(tmp_path / "data"), tmp_path / ".kept")


@pytest.fixture
def said(faults_of: Callable[[Data], list[Fault]]) -> Callable[[Data], list[str]]:
    return lambda data: [f"{fault.level}: {fault.message}" for fault in faults_of(data)]


def test_good_data_are_silent(data, said):
    data.others["events"] = data.events()
    assert said(data) == []


def test_the_sample_is_silent_but_for_what_is_planted(tmp_path):
    """README of the sample: a row twice, a subscription of nobody; and requests that came to nothing."""
    faults = examine(SAMPLE, tmp_path / ".kept")
    assert [(fault.level, fault.table, fault.rule) for fault in faults] == [
        ("warning", "subscriptions", "repeated row"),
        ("warning", "subscriptions", "unknown customer"),
        ("note", "cancellations", "answers of those who stayed"),
    ]


# --- subscriptions as a whole ----------------------------------------------------------------------


def test_an_export_of_active_subscriptions_alone(data, said):
    """Those who are still there: each has served from the start to the latest day, and none left."""
    data.spans[1:] = [row for row in data.spans[1:] if not row[2]]
    still = {row[0] for row in data.spans[1:]}
    data.customers[1:] = [row for row in data.customers[1:] if row[0] in still]
    latest = max(dt.date.fromisoformat(str(row[1])) for row in data.spans[1:])
    served = sum((latest - dt.date.fromisoformat(str(row[1]))).days for row in data.spans[1:]) / 30.44
    assert 100 < served < 1000
    assert said(data) == [
        f"warning: subscriptions.csv: nobody has left in {int(served):,} months of service, as in an export "
        f"of "
        "active subscriptions alone. Churn would be 0 % in every month. Export the canceled ones too, with "
        "the "
        "day on which they ended; if really nobody left, write `accepted: [active alone]` in retention.yml."
    ]


def test_active_alone_is_a_stop_where_chance_is_out_of_the_question(said):
    """200 customers of whom none has left in up to three years: 3,900 months of service."""
    data = Data(200)
    data.set("ended_at", "")
    assert [fault.split(":")[0] for fault in said(data)] == ["stop"]
    data.settings["accepted"] = ["active alone"]
    assert [fault.split(":")[0] for fault in said(data)] == ["note"]


def test_a_young_business_that_nobody_has_left_is_no_suspicion(said):
    data = Data(12)
    data.set("ended_at", "")
    assert said(data) == []


def test_annual_plans_of_the_first_year_are_no_suspicion(said):
    data = Data(60)
    data.set("ended_at", "")
    data.set("interval", "year")
    assert said(data) == []


@pytest.mark.parametrize(("days_early", "is_said"), [(1, True), (0, False), (2, False)])
def test_the_last_day_with_service_is_no_end(data, said, days_early, is_said):
    """Annual plans that a tool ends on the eve: 5 January 2024 to 4 January 2025, where the 5th is meant."""

    def end(row):
        begun = dt.date.fromisoformat(row[1])
        left = begun.replace(year=begun.year + 1) - dt.timedelta(days=days_early)
        return left.isoformat() if row[2] and left.isoformat() < LATEST else ""

    data.set("interval", "year")
    data.set("ended_at", end)
    told = [fault for fault in said(data) if "add a day" in fault]
    assert len(told) == is_said
    if is_said:
        ended = sum(row[2] != "" for row in data.spans[1:])
        assert f"in {ended} of 114 rows (first: customer C-000, line 2, value '2025-01-02')" in told[0]
        data.settings["accepted"] = ["last day as end"]
        assert [fault[:5] for fault in said(data) if "add a day" in fault] == ["note:"]


def test_history_that_starts_late(data, said):
    """Forty more customers began in 2021, and none of those who left before 2024 were exported."""
    for number in range(40):
        begin = (dt.date(2021, 1, 4) + dt.timedelta(days=9 * number)).isoformat()
        data.customers.append([f"OLD-{number}", begin, "law"])
        data.spans.append([f"OLD-{number}", begin, "", 49, "solo", "active", "month"])
    (warning,) = said(data)
    assert warning.startswith(
        "warning: subscriptions.csv: the subscriptions go back to 4 January 2021, and nobody left before "
    )
    assert "losses were to be expected" in warning and "`history_starts_on: 2024-" in warning
    data.settings["history_starts_on"] = dt.date(2024, 4, 2)
    assert all("go back" not in fault for fault in said(data))


def test_annual_plans_cannot_leave_in_their_first_year(data, said):
    """Every third ends on its first renewal, and nobody could before; of those of 2021 some would have."""
    data.set("interval", "yearly")
    data.set("ended_at", lambda row: end if row[2] and (end := day(_begun(row) + 366)) < LATEST else "")
    assert all("go back" not in fault for fault in said(data))
    for number in range(40):
        begin = (dt.date(2021, 1, 4) + dt.timedelta(days=9 * number)).isoformat()
        data.customers.append([f"OLD-{number}", begin, "law"])
        data.spans.append([f"OLD-{number}", begin, "", 49, "solo", "active", "year"])
    (warning,) = [fault for fault in said(data) if "go back" in fault]
    assert "losses were to be expected" in warning


def _begun(row):
    return (dt.date.fromisoformat(row[1]) - START).days


def _quiet(data, gone):
    """Sixty customers, one more every ten days since January 2024; `gone` of them leave in late 2025."""
    data.customers[1:] = [[data.who(number), day(10 * number), "law"] for number in range(60)]
    data.spans[1:] = [
        [
            data.who(number),
            day(10 * number),
            day(630 + number) if number < gone else "",
            49,
            "solo",
            "active",
            "month",
        ]
        for number in range(60)
    ]


def test_losses_that_begin_with_a_price_rise_are_no_broken_export(data, said):
    """Twenty of sixty leave within 20 days: at such a pace nearly all of the others would have gone."""
    _quiet(data, 20)
    (note,) = [fault for fault in said(data) if "go back" in fault]
    assert note.startswith(
        "note: subscriptions.csv: the subscriptions go back to 3 January 2024, and nobody left"
    )
    assert "Was everybody exported who left before?" in note and "history_starts_on" not in note


def test_the_owner_s_notes_speak_where_the_pace_does_not(data, said):
    """Nine of sixty, later on: that pace might be an old one. A note of the weeks before says what began."""
    _quiet(data, 9)
    for number in range(60, 100):
        data.customers.append([data.who(number), day(0), "law"])
        data.spans.append([data.who(number), day(0), "", 49, "solo", "active", "month"])
    data.spans.append(["C-000", day(1000), "", 49, "solo", "active", "month"])
    (warning,) = [fault for fault in said(data) if "go back" in fault]
    assert warning.startswith("warning") and "losses were to be expected among" in warning
    data.others["notes"] = [["happened_on", "note"], [day(600), "Price rise"]]
    (note,) = [fault for fault in said(data) if "go back" in fault]
    assert note.startswith("note") and "your note of 25 August 2025 says “Price rise”" in note
    data.others["notes"] = [["happened_on", "note"], [day(300), "Price rise"]]
    assert any(fault.startswith("warning") and "go back" in fault for fault in said(data))


def test_one_subscription_twice_at_the_same_time(data, said):
    """C-001 solo 49  ├──────────▶   and again  ├──▶ from day 200: without ids they look like one."""
    data.spans.append(["C-001", day(200), "", 59, "team", "active", "month"])
    assert said(data) == [
        "warning: subscriptions.csv: the same subscription runs already in 1 of 115 rows (first: customer "
        "C-001, "
        "line 116). The MRR of 1 customer would count twice. End the earlier row where the later one "
        "starts, or "
        "keep one of the two; two that are both real need a subscription_id each."
    ]


@pytest.mark.parametrize(
    ("span", "is_told"),
    [
        (["C-001", day(200), "", 99, "studio", "active", "month", "S-2"], False),  # another subscription
        (
            ["C-001", day(200), "", 99, "studio", "active", "month", "S-1"],
            True,
        ),  # a price without an end before
        (["C-001", day(200), "", 59, "team", "trialing", "month", "S-1"], False),  # pays nothing
    ],
)
def test_overlap_goes_by_the_id_of_the_subscription(data, said, span, is_told):
    data.spans[0].append("subscription_id")
    for row in data.spans[1:]:
        row.append(f"S-{row[0]}")
    data.spans[2][-1] = "S-1"
    data.spans.append(span)
    assert bool(said(data)) == is_told


def test_a_price_change_is_no_overlap(data, said):
    data.spans[2][2] = day(200)
    data.spans.append(["C-001", day(200), "", 59, "team", "active", "month"])
    assert said(data) == []


def test_an_end_at_an_hour_before_the_start(data, said):
    """A day without an hour is the whole day; nine o'clock before ten is a mistake."""
    data.spans.append(["C-001", "2025-05-05T10:00", "2025-05-05T09:00", 20, "team", "active", "month"])
    data.spans.append(["C-004", "2025-05-05T10:00", "2025-05-05", 20, "team", "active", "month"])
    assert said(data) == [
        "warning: subscriptions.csv: ended_at lies hours before started_at, on the same day in 1 of 116 rows "
        "(first: customer C-001, line 116, value '2025-05-05 09:00:00'). It counts as a stay of less than a "
        "day, and its MRR nowhere. Correct the times; the clocks of two tools may differ."
    ]


def test_a_list_of_present_amounts(data, said):
    """Who has left pays nothing there, so nobody would ever have left."""
    gone = [number for number, row in enumerate(data.spans[1:]) if row[2]]
    data.set("mrr", 0, where=lambda number: number in gone)
    assert any(
        fault.startswith(
            f"stop: subscriptions.csv: mrr is 0 for {len(gone)} of {len(gone)} customers who left, "
            "as in a list of what is paid today."
        )
        for fault in said(data)
    )
    data.set("mrr", 49, where=lambda number: number == gone[0])
    assert any("as in a list of what is paid today" in fault for fault in said(data))
    data.set("mrr", 49, where=lambda number: number in gone[: len(gone) // 2])
    assert any(fault.startswith("warning") and "as in a list" in fault for fault in said(data))
    data.set("mrr", 49, where=lambda number: number in gone[1:])
    data.set("mrr", 0, where=lambda number: number == gone[0])
    (note,) = [fault for fault in said(data) if "mrr is 0" in fault]
    assert note.startswith("note") and "mrr is 0 for 1 of " in note and "as in a list" not in note
    # A free plan, which as many of those have who are there.
    data.set("mrr", 0, where=lambda number: number % 7 == 0)
    assert not any("mrr is 0" in fault for fault in said(data))


def test_who_ends_in_days_to_come_has_not_left(data, said):
    """Two who are on the way out and pay hide nothing of those who left and pay nothing today."""
    gone = [number for number, row in enumerate(data.spans[1:]) if row[2]]
    there = [number for number, row in enumerate(data.spans[1:]) if not row[2]]
    data.set("mrr", 0, where=lambda number: number in gone)
    ahead = (dt.date.today() + dt.timedelta(days=9)).isoformat()
    data.set("ended_at", ahead, where=lambda number: number in there[:2])
    assert any(fault.startswith("stop") and "as in a list" in fault for fault in said(data))


def test_currencies_by_their_signs_and_words(data, said):
    data.spans[0].append("currency")
    for number, row in enumerate(data.spans[1:]):
        row.append(("EUR", "€", "eur", "Euro")[number % 4])
    assert said(data) == []


def test_a_migration_that_would_be_read_as_churn(data, said):
    """Everybody ends on day 400, and the same customers begin again a week later."""
    for row in [row for row in data.spans[1:] if row[1] < day(400) and not row[2]]:
        row[2] = day(400)
        data.spans.append([row[0], day(407), "", *row[3:]])
    (warning,) = said(data)
    assert "end on one day, 6 February 2025, as in a move to another tool. " in warning
    assert "are back within a month: they would count as lost and as reactivated" in warning
    assert "set `switch_gap_days: 7`" in warning
    data.settings["switch_gap_days"] = 7
    assert said(data) == []


def test_a_migration_to_new_ids(data, said):
    """Everybody ends on day 400; as many others begin on day 401."""
    for row in [row for row in data.spans[1:] if row[1] < day(400) and not row[2]]:
        row[2] = day(400)
        data.spans.append([f"N{row[0]}", day(401), "", *row[3:]])
        data.customers.append([f"N{row[0]}", day(401), "law"])
    found = said(data)
    assert any(
        "end on one day" in one and "others begin within a month: the ids may have" in one for one in found
    )
    assert any("begin on one day" in one for one in found)


def test_starts_on_the_day_of_a_move(data, said):
    """Sixty customers of 2022 all begin on day 300, because that is when the tool was changed."""
    for number in range(60):
        data.customers.append([f"OLD-{number}", f"2022-0{1 + number % 9}-05", "law"])
        data.spans.append([f"OLD-{number}", day(300), day(330 + 5 * number), 49, "solo", "active", "month"])
    (warning,) = said(data)
    assert warning.startswith(
        "warning: subscriptions.csv: 61 of 174 customers begin on one day, 29 October 2024, as after a move "
        "to "
        "another tool. Their tenure would begin anew, and old customers would stand in one young cohort."
    )


def test_founders_who_all_begin_on_the_first_day_are_no_move(data, said):
    for number in range(60):
        data.customers.append([f"F-{number}", day(0), "law"])
        data.spans.append([f"F-{number}", day(0), day(60 + 9 * number), 49, "solo", "active", "month"])
    assert said(data) == []


def test_asked_to_cancel_and_no_end(data, said):
    """Ten customers asked in the first year, and six of them have no end two months later."""
    asked = [data.who(number) for number in range(10, 20)]
    data.others["cancellations"] = [["customer_id", "canceled_at"], *([who, day(320)] for who in asked)]
    found = said(data)
    stuck = sum(1 for row in data.spans[1:] if row[0] in asked and not row[2])
    assert found[0] == (
        f"warning: subscriptions.csv: {stuck} of 10 customers who asked to cancel more than two months ago "
        f"still "
        "have a subscription without ended_at (first: customer C-010). They would count as customers for "
        "ever, "
        "and churn would be too low. Fill in the day on which service ended; if they changed their minds, "
        "write "
        "`accepted: [canceled without an end]` in retention.yml."
    )
    assert found[1].startswith("note: cancellations.csv: ") and "followed by no end of service" in found[1]


def test_signed_up_after_the_first_subscription(data, said):
    for row in data.customers[1:20]:
        row[1] = "2025-12-01"
    assert said(data)[0].startswith(
        "warning: customers.csv: 19 of 114 customers signed up after their first subscription began (first: "
        "customer C-000). What customers do in their first days would be looked for in the wrong days."
    )


# --- amounts ---------------------------------------------------------------------------------------


def test_cents_taken_for_units(data, said):
    """4900 and 5900 for 49 and 59."""
    data.set("mrr", lambda row: row[3] * 100)
    (warning,) = said(data)
    assert warning.startswith(
        "warning: subscriptions.csv: mrr looks as if it were written in cents: half of the amounts are "
        "4,900 a "
        "month or more, and they end as prices in cents do. Every amount of money would be a hundred times "
        "too high"
    )
    data.settings["accepted"] = ["minor units"]
    assert said(data)[0].startswith("note: ")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.set("mrr", lambda row: row[3] * 10),  # 490: a usual price of a business product
        lambda data: data.set("mrr", lambda row: 2317 + row[3]),  # negotiated prices
        lambda data: data.settings.update(currency="JPY") or data.set("mrr", lambda row: row[3] * 100),
        lambda data: (
            data.set("mrr", lambda row: row[3] * 100)
            or data.others.update(
                payments=[["customer_id", "attempted_at", "status", "amount"]]
                + [[row[0], row[1], "succeeded", row[3]] for row in data.spans[1:]]
            )
        ),
    ],
    ids=["ten times", "uneven", "yen", "payments of that size"],
)
def test_large_amounts_that_are_no_cents(data, said, spoil):
    spoil(data)
    assert not any("cents" in fault for fault in said(data))


def test_a_single_amount_in_cents(data, said):
    data.set("mrr", 4900, where=lambda number: number == 4)
    assert said(data) == [
        "warning: subscriptions.csv: mrr is a hundred times a usual price in 1 of 114 rows (first: customer "
        "C-004, "
        "line 6, value '4900.000000'). It would add 4,851 of MRR that nobody pays. If they are cents, "
        "divide them "
        "by 100; else write `accepted: [absurd mrr]` in retention.yml."
    ]


def test_an_amount_beyond_all_others(data, said):
    data.set("mrr", 31337, where=lambda number: number == 4)
    assert said(data)[0].startswith(
        "warning: subscriptions.csv: mrr is more than 500 times the middle amount of 59 in 1 of 114 rows "
        "(first: "
        "customer C-004, line 6, value '31337.000000'). One such customer decides every figure about money."
    )
    data.set("mrr", 999, where=lambda number: number == 4)
    assert said(data) == []


def test_a_year_s_price_that_was_not_divided(data, said):
    data.set("interval", "year", where=lambda number: number % 10 == 1)
    data.set("mrr", 590, where=lambda number: number % 10 == 1)
    (warning,) = said(data)
    assert (
        "looks like a year's price on 1 plan: 590 against 59 a month on plan team in 12 of 114 rows"
        in warning
    )
    data.set("mrr", "49.166667", where=lambda number: number % 10 == 1)
    assert said(data) == []


@pytest.mark.parametrize(
    ("monthly", "yearly", "interval"),
    [
        ("Pro monthly", "Pro yearly", True),
        ("pro_month", "Pro (annual)", True),
        ("Profi Monatsabo", "Profi Jahresabo", True),
        ("Pro monthly", "Pro yearly", False),  # the names alone say it
    ],
)
def test_a_year_s_price_under_a_name_of_its_own(data, said, monthly, yearly, interval):
    """The same plan by the month and by the year, where each has a name of its own."""
    is_yearly = lambda number: number % 10 == 1  # noqa: E731
    data.set("plan", monthly)
    data.set("plan", yearly, where=is_yearly)
    data.set("interval", "annual" if interval else "", where=is_yearly)
    if not interval:
        data.set("interval", "")
    data.set("mrr", 590, where=is_yearly)
    (warning,) = said(data)
    assert (
        "looks like a year's price on 1 plan: 590 against" in warning
        and f"on plan {yearly} in 12 of" in warning
    )
    data.set("mrr", 45, where=is_yearly)
    assert said(data) == []


# --- accounts and attributes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("E-Mail", "qa@acme.example"),
        ("E-Mail", "jo@example.com"),
        ("Full name", "Demo account"),
        ("plan", "internal"),
    ],
)
def test_accounts_of_one_s_own(data, said, column, value):
    """By the words of an address, a name or a plan; three of 114 customers."""
    if column == "plan":
        data.set("plan", value, where=lambda number: number < 3)
    else:
        data.attribute(column, lambda n, _: value.replace("@", f"+{n}@") if n < 3 else f"p{n}@firm{n}.de")
    (warning,) = [fault for fault in said(data) if fault.startswith("warning")]
    assert warning == (
        "warning: customers.csv: 3 customers look like a test or an account of your own (C-000, C-001, "
        "C-002). They "
        "would count as customers, and mostly as ones who stay. Leave them out with `internal_accounts: "
        "[C-000, "
        "C-001, C-002]` in retention.yml; if they are real, write `accepted: [test accounts]` there."
    )
    data.settings["internal_accounts"] = ["C-000", "C-001", "C-002"]
    (note,) = [fault for fault in said(data) if "internal_accounts" in fault]
    assert note.startswith("note: customers.csv: 3 customers are left out everywhere")


def test_a_sign_that_marks_everybody_marks_nobody(data, said):
    """All addresses of the sample end in example.com."""
    data.attribute("email", lambda number, _: f"p{number}@example.com")
    data.attribute("name", lambda number, _: f"Contest Winner {number}")
    assert said(data) == []


def test_an_internal_account_that_nobody_has(data, said):
    data.settings["internal_accounts"] = ["C-999"]
    assert said(data) == [
        "warning: customers.csv: `internal_accounts` in retention.yml names C-999, and no customer has that "
        "customer_id. The account that was meant still counts. Correct the id, or take it out."
    ]


PERSONAL = [
    "E-Mail", "e_mail", "EMAIL", "Email Address", "full_name", "Full Name", "FirstName", "contact_phone",
    "Mobile", "Contact-Phone", "phone number", "Company name", "Kontakt-E-Mail", "Street", "userName", "zip",
]  # fmt: skip
NOT_PERSONAL = [
    "industry", "company_size", "country", "plan_name", "Number of Employees", "acquisition_channel",
    "first_plan", "use_case", "tier", "Campaign Name",
]  # fmt: skip


@pytest.mark.parametrize("name", PERSONAL)
def test_names_of_personal_columns(name):
    assert attributes.is_personal(name)


@pytest.mark.parametrize("name", NOT_PERSONAL)
def test_names_that_tell_nobody(name):
    assert not attributes.is_personal(name)


def test_personal_columns_are_known_by_what_stands_in_them(data, said, tmp_path):
    data.attribute("Ansprechpartner", lambda number, _: f"p{number}@firm{number}.de" if number % 2 else "")
    data.attribute("Durchwahl", lambda number, _: f"+49 30 555{number:04}")
    data.attribute("seats", lambda number, _: number % 7)
    (note,) = said(data)
    assert note.startswith("note: customers.csv: Ansprechpartner, Durchwahl are taken for personal.")
    business = open_business(tmp_path / "data", "2025-11", cache=tmp_path / ".kept")
    assert business.attributes.personal == ("Ansprechpartner", "Durchwahl")
    assert business.attributes.compared() == ("industry", "seats")
    business.close()


def test_the_owner_s_own_personal_columns_are_kept_apart_without_a_word(data, said, tmp_path):
    data.attribute("Betreuer", lambda number, _: "Ida")
    data.settings["personal"] = ["betreuer"]
    assert said(data) == []
    business = open_business(tmp_path / "data", "2025-11", cache=tmp_path / ".kept")
    assert business.attributes.personal == ("Betreuer",)
    business.close()


def test_attributes_that_nobody_has(data, said):
    data.settings["attributes"] = ["industri"]
    assert said(data) == [
        "stop: retention.yml: attributes names industri, and customers has no such column. Did you mean "
        "industry?"
    ]


LEAKS = {
    "a flag of the outcome": ("flag", lambda number, gone: "x" if gone else "y", True),
    "filled for those who left": ("why", lambda number, gone: f"r{number}" if gone else "", True),
    "a number": ("points", lambda number, gone: number if gone else 1000 + number, True),
    "a day": ("seen", lambda number, gone: f"2024-01-{1 + number % 28:02}" if gone else "2025-12-01", True),
    "nearly so": ("flag", lambda number, gone: "x" if gone and number > 6 else "y", True),
    "a strong driver": ("size", lambda number, gone: "s" if gone and number % 2 else "l", False),
    "everybody their own": ("city", lambda number, gone: f"t{number}", False),
    "chance": ("colour", lambda number, gone: ("red", "blue", "green")[number % 7 % 3], False),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "is_leak"), LEAKS.values(), ids=LEAKS.keys())
def test_attributes_that_tell_who_left(data, said, tmp_path, name, value, is_leak):
    """38 of 114 left. An attribute that tells at least 97 % of them apart knows the outcome."""
    data.attribute(name, value)
    found = said(data)
    assert bool(found) == is_leak
    if is_leak:
        assert found[0].startswith(
            f"warning: customers.csv: of the attributes, {name} will have changed after sign-up. What "
            f"changes later "
            f"knows who left, and would seem to explain it: it is set apart. {name} tells who left almost "
            f"without "
            "error (97 % or more)."
        )
        data.settings["attributes"] = [name]
        assert not any("leak" in fault or "sign-up" in fault for fault in said(data))


CHANGING = [
    "Last Activity Date", "Number of Sessions", "TotalCharges", "tenure", "churned", "is_active", "Status",
    "Lifecycle Stage", "last_login", "days_since_last_login", "Marketing emails opened", "ltv", "MRR",
    "Time of Last Session", "Sends Since Last Engagement", "cancel_reason", "updated_at", "health_score",
    "lifetime_value",
]  # fmt: skip
AT_SIGN_UP = [
    "industry", "company_size", "Contract", "PaymentMethod", "seats", "country", "acquisition_channel",
    "use_case", "Original Source", "gender",
]  # fmt: skip


@pytest.mark.parametrize("name", CHANGING)
def test_names_of_what_goes_on_changing(name):
    assert attributes.goes_on_changing(name)


@pytest.mark.parametrize("name", AT_SIGN_UP)
def test_names_of_what_was_so_at_sign_up(name):
    assert not attributes.goes_on_changing(name)


def test_customers_without_a_subscription(data, said):
    data.customers += [[f"FREE-{number}", "2025-01-05", "law"] for number in range(60)]
    assert said(data)[0].startswith(
        "note: customers.csv: 60 of 174 customers never had a paid or paused subscription (first: customer "
        "FREE-0). "
        "They count in no rate."
    )


def test_ids_that_differ_in_their_spelling(data, said):
    data.set("customer_id", lambda row: str(row[0]).lower(), where=lambda number: number < 4)
    assert (
        "In 4 of them the id differs in capitals or zeros only (c-000 here, C-000 there). They are counted "
        "all the "
        "same; add them to customers."
    ) in said(data)[0]


def test_ids_that_match_nobody_stop_the_subscriptions(data, said):
    data.set("customer_id", lambda row: f"user{row[0][2:]}@firm.de")
    (stop,) = said(data)
    assert stop == (
        "stop: subscriptions.csv: the customer is missing from customers in 114 of 114 rows (first: customer "
        "user000@firm.de, line 2). It holds ids such as user000@firm.de and user001@firm.de, customers "
        "such as "
        "C-000 and C-001. Export both with the same customer_id."
    )


def test_a_table_whose_ids_match_nobody_is_as_if_it_were_not_there(data, said, tmp_path):
    """No row that fits is not the same as no use."""
    data.others["events"] = [["customer_id", "occurred_at", "event"]]
    data.others["events"] += [[f"u{who}@firm.de", at, event] for who, at, event in data.events()[1:]]
    many = len(data.others["events"]) - 1
    (warning,) = said(data)
    assert warning.startswith(
        f"warning: events.csv: the customer is missing from customers in {many:,} of {many:,} rows (first: "
        "customer uC-000@firm.de). The table is left out, as if it were not there"
    )
    assert "ids such as uC-000@firm.de and uC-001@firm.de, customers such as C-000 and C-001." in warning
    business = open_business(tmp_path / "data", "2025-11", cache=tmp_path / ".kept")
    assert not business.has("events")
    assert int(business.table("events").count().execute()) == 0
    business.close()


@pytest.mark.parametrize(("strangers", "level"), [(3, "note"), (12, "warning")])
def test_rows_that_count_for_nobody_count_nowhere(data, said, tmp_path, strangers, level):
    """Three or twelve answers of strangers beside 114: told by their share, left out, and listed."""
    own = [[row[0], row[1], number % 11] for number, row in enumerate(data.customers[1:])]
    others = [[f"X-{number}", "2025-10-01", 9] for number in range(strangers)]
    data.others["nps"] = [["customer_id", "answered_at", "score"], *own, *others]
    (fault,) = said(data)
    assert fault.startswith(f"{level}: nps.csv: the customer is missing from customers in {strangers} of ")
    business = open_business(tmp_path / "data", "2025-11", cache=tmp_path / ".kept")
    assert int(business.table("nps").count().execute()) == 114
    aside = quality.set_aside(business)
    assert aside[["file", "rows", "list"]].values.tolist() == [
        ["nps.csv", strangers, "actions/set_aside_nps.csv"]
    ]
    business.close()


def test_rows_of_a_customer_who_has_a_subscription_alone_count(data, said, tmp_path):
    """C-004 is missing from customers, and counts all the same: so does what C-004 does."""
    data.customers = [row for row in data.customers if row[0] != "C-004"]
    data.others["nps"] = [["customer_id", "answered_at", "score"], ["C-004", "2025-10-01", 9]]
    assert [fault.split(" in ")[0] for fault in said(data)] == [
        "warning: subscriptions.csv: the customer is missing from customers"
    ]


def test_a_repeated_row_and_one_of_nobody_stand_in_one_list(data, said, tmp_path):
    rows = [["C-000", "2025-10-01", 9], ["C-000", "2025-10-01", 9], ["X", "2025-10-01", 9]]
    own = [[row[0], row[1], number % 11] for number, row in enumerate(data.customers[1:])]
    data.others["nps"] = [["customer_id", "answered_at", "score"], *own, *rows]
    said(data)
    business = open_business(tmp_path / "data", "2025-11", cache=tmp_path / ".kept")
    aside = quality.set_aside(business)
    assert aside["rows"].tolist() == [1, 1] and aside["list"].nunique() == 1
    business.close()


def test_nearly_no_customer_with_a_subscription(data, said):
    """Two of the subscriptions beside 114 customers: most of the file is missing."""
    del data.spans[3:]
    assert said(data)[0].startswith(
        "warning: customers.csv: 112 of 114 customers never had a paid or paused subscription"
    )


def test_subscriptions_that_pay_nothing(data, said):
    data.set("mrr", 0)
    assert said(data)[0].startswith(
        "warning: subscriptions.csv: mrr is above 0 in none of the rows in 114 of 114"
    )


def test_one_id_in_two_spellings(data, said):
    """a and A are two customers until the owner says otherwise; 7 and 007 are two numbers of an id."""
    for who in ("c-001", "7", "007"):
        data.customers.append([who, day(0), "law"])
        data.spans.append([who, day(0), "", 49, "solo", "active", "month"])
    (warning,) = said(data)
    assert warning.startswith(
        "warning: customers.csv: 1 id stands there in two spellings that differ in capitals alone (such "
        "as C-001 "
        "and c-001)."
    )
    data.settings["accepted"] = ["ids in two spellings"]
    assert said(data)[0].startswith("note")


def test_one_subscription_under_two_customers(data, said):
    data.spans[0].append("subscription_id")
    for number, row in enumerate(data.spans[1:]):
        row.append("S-1" if number in (1, 2) else f"S-{100 + number}")
    (warning,) = said(data)
    assert "1 subscription_id stands under two customers or more in 2 of 114 rows" in warning


@pytest.mark.parametrize(("most", "scale"), [(5, 5), (4, 5), (7, 7), (8, None), (10, None)])
def test_answers_on_another_scale(data, said, most, scale):
    data.others["nps"] = [["customer_id", "answered_at", "score"]]
    data.others["nps"] += [
        [row[0], row[1], 1 + number % most] for number, row in enumerate(data.customers[1:])
    ]
    found = said(data)
    assert [
        f"no answer is above {most}, as on a scale of {scale}: 114 answers" in fault for fault in found
    ] == ([True] if scale else [])


# --- days ------------------------------------------------------------------------------------------


def test_the_data_reach_as_far_as_any_row_that_is_not_ahead(data, said, tmp_path):
    """Nobody has come since April 2025, and service ends until October; one more end is planned for 2199."""
    data.spans[1:] = [row for row in data.spans[1:] if row[1] < "2025-05-01"]
    known = {row[0] for row in data.spans[1:]}
    data.customers[1:] = [row for row in data.customers[1:] if row[0] in known]
    data.spans[2][2], data.spans[3][2] = "2025-10-20", "2199-01-01"
    (warning,) = said(data)
    assert warning.startswith(
        "warning: subscriptions.csv: after 27 April 2025 nothing begins and no other row is there, and "
        "service ends "
        "until 20 October 2025"
    )
    business = open_business(tmp_path / "data", cache=tmp_path / ".kept")
    assert business.month == "2025-10"
    reach = quality.coverage(business).set_index("table")
    assert str(reach.loc["subscriptions", "last_on"]) == "2025-10-20"
    business.close()


def test_a_day_that_has_come_is_no_plan_any_more(data, tmp_path, monkeypatch):
    """What was kept of a folder holds until a day comes that lay ahead when it was read."""
    data.spans[2][2] = (dt.date.today() + dt.timedelta(days=9)).isoformat()
    folder = data.write(tmp_path / "data")
    first = gate.pass_gate(folder, tmp_path / ".kept")
    assert first.ahead_on == data.spans[2][2] and first.latest_on == "2025-11-11"
    assert gate.pass_gate(folder, tmp_path / ".kept").folder == first.folder

    now = dt.datetime.now

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return now(tz) + dt.timedelta(days=10)

    monkeypatch.setattr(dt, "datetime", Later)
    again = gate.pass_gate(folder, tmp_path / ".kept")
    assert again.folder != first.folder and again.latest_on == data.spans[2][2]
    assert gate.pass_gate(folder, tmp_path / ".kept").folder == again.folder


@pytest.mark.parametrize("beside", ["sign-up", "the end of the plan before", "a payment"])
def test_a_late_start_that_something_else_bears_out_is_no_slip(data, said, beside):
    """All begin in 2024 and 2025 but one, in October 2026: years apart, and genuine."""
    data.spans[1:] = [row for row in data.spans[1:] if row[1] < "2025-01-01"]
    known = {row[0] for row in data.spans[1:]}
    data.customers[1:] = [row for row in data.customers[1:] if row[0] in known]
    data.spans.append(["C-001", "2026-10-05", "", 99, "studio", "active", "month"])
    assert any("started_at lies years after all other rows" in fault for fault in said(data))
    if beside == "sign-up":
        data.spans[-1][0] = "NEW"
        data.customers.append(["NEW", "2026-10-04", "law"])
    elif beside == "a payment":
        data.others["payments"] = [
            ["customer_id", "attempted_at", "status"],
            ["C-001", "2026-10-05", "refunded"],
        ]
    else:
        data.spans[2][2] = "2026-10-05"
    assert not any("started_at lies years" in fault for fault in said(data))


def test_a_table_that_was_exported_earlier(data, said):
    """Events end on 1 October, the subscriptions go on to 11 November."""
    data.others["events"] = data.events(until="2025-10-01")
    (warning,) = said(data)
    assert (
        warning.startswith("warning: events.csv: the last row is of ")
        and "was never silent for more than" in warning
    )
    assert (
        "If it was exported then, everybody would look as if they had stopped using the product." in warning
    )


def test_a_hole_in_a_table(data, said):
    data.others["events"] = data.events(skip=("2025-03-01", "2025-04-01"))
    (warning,) = said(data)
    assert (
        warning.startswith("warning: events.csv: there is not one row in the ")
        and "after 1 March 2025" in warning
    )


@pytest.mark.parametrize(
    ("number", "started_at", "said_of"),
    [(4, "2062-03-05", "after"), (4, "1926-01-27", "before")],
)
def test_a_year_that_was_mistyped(data, said, number, started_at, said_of):
    data.set("started_at", started_at, where=lambda one: one == number)
    found = said(data)
    assert any(f"started_at lies years {said_of} all other rows in 1 of 114 rows" in fault for fault in found)


# --- who left, and the other tables ----------------------------------------------------------------


def test_events_of_customers_who_are_gone(data, said):
    """All 38 who left log in for another month."""
    data.others["events"] = data.events()
    gone = [(row[0], str(row[2])) for row in data.spans[1:] if row[2]]
    for who, end in gone:
        later = dt.date.fromisoformat(end) + dt.timedelta(days=30)
        data.others["events"].append([who, later.isoformat(), "login"])
    (warning,) = said(data)
    assert warning == (
        f"warning: events.csv: {len(gone)} of {len(gone)} customers who left go on using the product more "
        f"than 7 days "
        "later (first: customer C-000). If they are still customers, churn is too high. Look at a few of "
        "them: "
        "their service may have ended later, or the events bear another's id."
    )


def test_events_on_a_free_plan_are_no_surprise(data, said):
    """Who falls to a free plan is lost, and goes on using the product."""
    data.others["events"] = data.events()
    for row in [row for row in data.spans[1:] if row[2]]:
        data.spans.append([row[0], row[2], "", 0, "free", "active", "month"])
        later = dt.date.fromisoformat(str(row[2])) + dt.timedelta(days=30)
        data.others["events"].append([row[0], later.isoformat(), "login"])
    assert said(data) == []


def test_requests_of_customers_without_service(data, said):
    data.customers.append(["TRIAL", "2024-05-01", "law"])
    data.others["cancellations"] = [["customer_id", "canceled_at"], ["TRIAL", "2024-06-01"]]
    (note,) = said(data)
    assert note.startswith(
        "note: cancellations.csv: 1 of 1 request to cancel came from customers who never had a paid or "
        "paused "
        "subscription. Such an answer is no reason of any loss."
    )


# --- experiments -----------------------------------------------------------------------------------

PLAN = {
    "call": {
        "hypothesis": "it helps",
        "started_on": dt.date(2024, 1, 1),
        "randomised": True,
        "arms": {"control": 0.5, "call": 0.5},
        "outcome": {"kind": "retained", "days": 30},
    }
}
ASSIGNED = {
    "an arm that no plan knows": (
        [["call", "C-001", "cal", "2024-02-01"]],
        "warning: assignments.csv: cal is no arm of call in 1 of 2 rows (first: customer C-001, line 3). "
        "Nobody can tell in which arm these customers were: a few are counted as best and as worst. Did you "
        "mean call? Correct the arm here, or the plan in experiments.yml.",
    ),
    "two arms": (
        [["call", "C-000", "call", "2024-02-01"]],
        "warning: assignments.csv: 1 customer is in several arms of call (first: customer C-000). Nobody "
        "can tell which arm worked on them: a few are counted as best and as worst; more than 2 %, and than "
        "four, leave the experiment without a verdict. Keep the arm that they were given first, and look for "
        "how they came into the other.",
    ),
    "before the sign-up": (
        [["call", "C-100", "call", "2024-02-01"]],
        "warning: assignments.csv: assigned_at lies before signed_up_at in 1 of 2 rows (first: customer "
        "C-100, "
        "line 3). The days of the outcome would be counted from the wrong day. Correct the dates.",
    ),
    "an experiment without a plan": (
        [["cal", "C-001", "call", "2024-02-01"]],
        "note: assignments.csv: 1 row names an experiment without a plan (cal). Without one, nothing is said "
        "about it. Write the plan down in experiments.yml. Did you mean call?",
    ),
    "nothing": ([["call", "C-001", "call", "2024-02-01"]], None),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "fault"), ASSIGNED.values(), ids=ASSIGNED.keys())
def test_assignments_against_the_plans(data, said, tmp_path, rows, fault):
    header = ["experiment", "customer_id", "arm", "assigned_at"]
    data.others["assignments"] = [header, ["call", "C-000", "control", "2024-02-01"], *rows]
    data.write(tmp_path / "data")
    (tmp_path / "data" / "experiments.yml").write_text(yaml.safe_dump(PLAN))
    assert said(data) == ([fault] if fault else [])


CONDITIONS = {
    "an attribute that nobody has": (
        {"eligible": {"colour": "blue"}},
        "warning: customers.csv: there is no column colour, which experiments.yml asks for in call "
        "(eligible). So nobody takes part in that experiment.",
    ),
    "an event that never happens": (
        {"outcome": {"kind": "event", "days": 14, "name": "lgin"}},
        "warning: events.csv: lgin, the outcome of call in experiments.yml, never happens. So that "
        "experiment has no verdict. Did you mean login? Correct it there.",
    ),
    "a plan and an event that are there": (
        {"eligible": {"plan": "pro"}, "outcome": {"kind": "event", "days": 14, "name": "login"}},
        None,
    ),
}


@pytest.mark.parametrize(("changes", "fault"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_experiments_against_the_tables(data, said, tmp_path, changes, fault):
    data.others["events"] = [["customer_id", "occurred_at", "event"], ["C-000", "2024-02-01", "login"]]
    data.write(tmp_path / "data")
    (tmp_path / "data" / "experiments.yml").write_text(yaml.safe_dump({"call": PLAN["call"] | changes}))
    told = [one for one in said(data) if "experiments.yml" in one]
    assert len(told) == (fault is not None) and all(one.startswith(fault) for one in told)


def test_an_outcome_of_events_without_events(data, said, tmp_path):
    data.write(tmp_path / "data")
    plan = PLAN["call"] | {"outcome": {"kind": "event", "days": 14, "name": "login"}}
    (tmp_path / "data" / "experiments.yml").write_text(yaml.safe_dump({"call": plan}))
    assert (
        "warning: customers.csv: no events lie beside it, and call in experiments.yml counts one (login). So "
        "that experiment has no verdict. Add the events, or choose another outcome." in said(data)
    )


def test_an_outcome_of_requests_without_cancellations(data, said, tmp_path):
    data.write(tmp_path / "data")
    plan = PLAN["call"] | {"outcome": {"kind": "not_cancelled", "days": 14}}
    (tmp_path / "data" / "experiments.yml").write_text(yaml.safe_dump({"call": plan}))
    told = [one for one in said(data) if "who asked to cancel" in one]
    data.others["cancellations"] = [["customer_id", "canceled_at"], ["C-000", "2024-02-01"]]
    data.write(tmp_path / "data")
    assert len(told) == 1 and "So only who is gone already counts" in told[0]
    assert not [one for one in said(data) if "who asked to cancel" in one]


FREE_MONTHS = {  # of C-001, who pays 59 for team from the 6th day on
    "between two paid ones": ([("team", 0), ("team", 59)], True),
    "the last one": ([("team", 0)], False),
    "of another plan": ([("free", 0), ("team", 59)], False),
    "at another price": ([("team", 9), ("team", 59)], False),
}


@pytest.mark.parametrize(("stretches", "is_said"), FREE_MONTHS.values(), ids=FREE_MONTHS.keys())
def test_a_free_month_that_is_written_as_a_free_plan(data, said, stretches, is_said):
    begins = [200, 230, 260][: len(stretches) + 1]
    data.spans[2][2] = day(begins[0])
    for nth, (plan, mrr) in enumerate(stretches):
        end = day(begins[nth + 1]) if nth + 1 < len(stretches) else ""
        data.spans.append(["C-001", day(begins[nth]), end, mrr, plan, "active", "month"])
    told = [fault for fault in said(data) if "between two paid stretches" in fault]
    assert told == (
        [
            "warning: subscriptions.csv: mrr is 0 between two paid stretches of one plan in 1 of 116 rows "
            "(first: customer C-001, line 116). It counts as a loss and a return. If a payer had it free for "
            "that time, write the status comped; if there was no service, write `accepted: [free between "
            "paid]` in retention.yml."
        ]
        if is_said
        else []
    )
    data.settings["accepted"] = ["free between paid"]
    assert not [fault for fault in said(data) if fault.startswith("warning") and "paid stretches" in fault]


# --- all of them -----------------------------------------------------------------------------------


def test_every_rule_that_may_be_accepted_can_be_said(data, said):
    """`accepted` knows the names of rules that exist, and nothing else."""
    rooms = (shipped.PACKAGE / "gate" / "rules", shipped.PACKAGE / "sources")
    source = "\n".join(path.read_text() for room in rooms for path in room.rglob("*.py"))
    assert [name for name in ACCEPTABLE if f'"{name}"' not in source] == []


def test_rules_have_a_docstring():
    every = [rule for rule, _ in (*rules.FACTS, *rules.SUSPICIONS)]
    assert len(every) == len(set(every)) and all(rule.__doc__ for rule in every)


@pytest.mark.parametrize(
    ("heading", "currency", "is_stopped"),
    [
        ("Amount spent (USD)", "EUR", True),
        ("Amount spent (EUR)", "EUR", False),
        ("Amount spent in €", "EUR", False),
        ("Amount spent", "EUR", False),
    ],
)
def test_a_heading_of_another_currency_is_a_stop(
    tmp_path: Path, heading: str, currency: str, is_stopped: bool
) -> None:
    columns = f"columns: {{month: Month, channel: Channel, amount: '{heading}'}}"
    folder = folder_of(
        tmp_path / "data",
        {
            "ads.csv": f"Month,Channel,{heading}\n2026-01,Google,100\n",
            "retention.yml": f"{{currency: {currency}, sources: {{spend: {{path: ads.csv, {columns}}}}}}}",
        },
    )
    stops = [one for one in examine(folder, tmp_path / "cache") if one.level == "stop"]
    assert [one.rule for one in stops] == (["another currency"] if is_stopped else [])
    assert all("“Amount spent (USD)” is in USD, and the report in EUR" in one.message for one in stops)


def test_an_mrr_of_another_currency_than_the_report_s_is_a_stop(tmp_path: Path) -> None:
    """By its heading, where no row says another."""
    row = "C-1,2026-01-05,,49,Pro,month,active"
    columns = "customer_id,started_at,ended_at,MRR (USD),plan,interval,status"
    for name, more, stops in (("alone", "", ["another currency"]), ("named", ",EUR", [])):
        folder = folder_of(
            tmp_path / name,
            {
                "subscriptions.csv": None,
                "spans.csv": f"{columns}{',currency' if more else ''}\n{row}{more}\n",
                "customers.csv": "customer_id,signed_up_at\nC-1,2026-01-05\n",
                "retention.yml": "{currency: EUR, sources: {subscriptions: {path: spans.csv, columns: "
                "{mrr: MRR (USD)}}}}",
            },
        )
        found = [one.rule for one in examine(folder, tmp_path / f"cache-{name}") if one.level == "stop"]
        assert found == stops
