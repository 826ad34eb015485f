"""Laws that hold for every business: the package against the oracle, and what may change nothing.

One example is a whole business: two dozen customers with random spans around the edges of months, days
and switch gaps, in several time zones.
"""

import csv
import datetime as dt
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import oracle
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings, kept_losses
from retention_helpers.business.spans import kept_services
from retention_helpers.measurement import cohorts, measures, survival

ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/New_York", "Asia/Kolkata", "America/Santiago")
# Clocks change in March and April (Berlin, New York, Auckland, Santiago) and in September to November.
MONTHS = (dt.date(2026, 3, 1), dt.date(2026, 4, 1), dt.date(2025, 11, 1), dt.date(2026, 2, 1))
GAPS = (3, 0, 1, 7)
AMOUNTS = ("49.9", "10", "0.000001", "33.333333", "500", "9.99", "0")
STATUSES = ("active", "", "past_due", "paused", "comped", "trialing")
HOUR = dt.timedelta(hours=1)


class World(NamedTuple):
    """What an owner would bring: raw rows of subscriptions and cancellations, and the settings."""

    spans: list[tuple[str, ...]]
    cancellations: list[tuple[str, ...]]
    zone: str
    gap_days: int
    month: dt.date

    @property
    def settings(self) -> dict[str, Any]:
        return {"time_zone": self.zone, "switch_gap_days": self.gap_days}


def written(moment: dt.datetime, form: str, zone: ZoneInfo) -> str:
    """An instant as an owner would write it; clock times that occur twice or never carry their offset."""
    local = moment.astimezone(zone)
    clock = local.replace(tzinfo=None)
    if form == "date":
        return f"{clock:%Y-%m-%d}"
    if form == "utc":
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    offsets = {clock.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    return clock.isoformat(sep=" ") if form == "local" and len(offsets) == 1 else local.isoformat()


def forms() -> st.SearchStrategy[str]:
    return st.sampled_from(["date", "local", "date", "utc", "offset"])


@st.composite
def moments(draw: st.DrawFn, month: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Some instant from eight months before to a month after, often on an edge of a month or a day."""
    day = month + dt.timedelta(days=draw(st.integers(-230, 50)))
    first = oracle.midnight(day.replace(day=1), zone)
    return draw(
        st.sampled_from(
            [
                oracle.midnight(day, zone) + dt.timedelta(minutes=draw(st.integers(0, 1439))),
                oracle.midnight(day, zone),
                first,
                first - dt.timedelta(seconds=1),
                first - HOUR * 24,
                first - HOUR * 30,
            ]
        )
    )


@st.composite
def histories(draw: st.DrawFn, month: dt.date, zone: ZoneInfo, gap_days: int) -> list[tuple[str, ...]]:
    """The spans of one customer, in the order of their starts; some at once, some after a gap."""
    gap = HOUR * 24 * gap_days
    second = dt.timedelta(seconds=1)
    spans = []
    start = draw(moments(month, zone))
    for _ in range(draw(st.integers(1, 5))):
        start_form = draw(forms())
        length = draw(
            st.sampled_from(
                [HOUR * 24 * draw(st.integers(1, 100)), HOUR * draw(st.integers(1, 60)), second * 0, second]
            )
        )
        end = start + length
        if draw(st.integers(0, 4)) == 0:  # to an edge of a month
            following = oracle.next_month(oracle.day_of(end, zone).replace(day=1))
            end = oracle.midnight(following, zone) - draw(st.sampled_from([second * 0, second, HOUR * 24]))
        begun = written(start, start_form, zone)
        end_form = draw(forms())
        if oracle.day_of(end, zone) < oracle.day_of(oracle.instant(begun, zone), zone):
            end = start
        is_open = draw(st.integers(0, 5)) == 0
        ended = "" if is_open else written(end, end_form, zone)
        status = draw(st.sampled_from(STATUSES[:2] * 4 + STATUSES[2:]))
        amount = draw(st.sampled_from(AMOUNTS))
        if status in ("paused", "comped", "trialing"):
            amount = draw(st.sampled_from(["", "0", "25"]))
        plan = draw(st.sampled_from(["solo", "team"]))
        spans.append((begun, ended, amount, status, plan))
        if draw(st.integers(0, 9)) == 0:  # a second subscription at the same instants
            spans.append((begun, ended, "12.345678", "active", "extra"))
        step = draw(
            st.sampled_from(
                [gap, gap + second, second * 0, HOUR * draw(st.integers(1, 100)),
                 HOUR * 24 * draw(st.integers(4, 40)), -HOUR * 24 * draw(st.integers(1, 20))]
            )
        )  # fmt: skip
        # From the end as it is written: a date moves it to the midnight before. A step is one of the clocks.
        opens = oracle.wall(oracle.instant(ended, zone) if ended else end, zone)
        start = (opens + step).replace(tzinfo=zone).astimezone(dt.UTC)
    return spans


@st.composite
def answers(draw: st.DrawFn, spans: list[tuple[str, ...]], zone: ZoneInfo) -> list[tuple[str, str, str]]:
    """Cancellations about the ends of one customer, never on a day on which one of the spans starts."""
    starts = {oracle.day_of(oracle.instant(span[0], zone), zone) for span in spans}
    found = {}
    for span in spans:
        if not span[1] or not draw(st.booleans()):
            continue
        end = oracle.day_of(oracle.instant(span[1], zone), zone)
        day = end + dt.timedelta(days=draw(st.integers(-15, 10)))
        reason = draw(st.sampled_from(["", "too_expensive", "payment_failed", "biller_policy"]))
        kind = draw(st.sampled_from(["", "voluntary", "involuntary"]))
        if day not in starts:
            found[day] = (f"{day}T12:34:56", reason, kind)
    return list(found.values())


@st.composite
def worlds(draw: st.DrawFn, *, customers: int = 30, zones: Sequence[str] = ZONES) -> World:
    """A whole business with one customer who stays, so that there is something to report."""
    month = draw(st.sampled_from(MONTHS))
    name = draw(st.sampled_from(zones))
    gap_days = draw(st.sampled_from(GAPS))
    zone = ZoneInfo(name)
    spans = [("stays", f"{month - dt.timedelta(days=70)}", "", "20", "active", "solo")]
    cancellations = []
    for nth in range(draw(st.integers(customers // 2, customers))):
        own = draw(histories(month, zone, gap_days))
        spans += [(f"c{nth:02}", *span) for span in own]
        cancellations += [(f"c{nth:02}", *row) for row in draw(answers(own, zone))]
    if draw(st.booleans()):
        spans.append(spans[-1])  # an exact duplicate
    return World(spans, cancellations, name, gap_days, month)


# --- the package's tables and the oracle's, in one form --------------------------------------------


def day(value: object) -> dt.date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def by_month(frame: pd.DataFrame) -> dict[dt.date, dict[str, Any]]:
    return {day(row.pop("month")): row for row in frame.to_dict(orient="records")}


def measured(business: Business) -> dict[str, Any]:
    """Every table of the package in plain Python."""
    lost = kept_losses(business).execute()
    served = kept_services(business).order_by(["customer_id", "service"]).execute()
    gone = kept_leavings(business).execute()
    rows = months.kept_customer_months(business).execute()
    kept = measures.revenue_retention(business)
    kinds = measures.churn_kinds(business)
    levels = measures.churn_by(business)
    tools = measures.bridge(business)
    stay = survival.tenures(business)
    whole_months = range(int(stay["months_followed"].max()) + 1)
    curve = survival.at_months(survival.curve(stay), months=whole_months)
    return {
        "customer_movement": by_month(measures.customer_movement(business)),
        "mrr_movement": by_month(measures.mrr_movement(business)),
        "customer_months": {
            (row.customer_id, day(row.month)): (
                row.state_at_start, row.state_at_end, row.mrr_at_start, row.mrr_at_end, row.begins, row.ends,
                row.movement, None if pd.isna(row.mrr_movement) else row.mrr_movement, row.left_and_returned,
            )
            for row in rows.itertuples()
        },
        "revenue_retention": {
            day(row.month): tuple(
                None if pd.isna(share) else round(share, 12)
                for share in (row.gross_revenue_retention, row.net_revenue_retention)
            )
            for row in kept.itertuples()
        },
        "churn_kinds": by_month(kinds),
        "bridge": {row.tool: (row.numerator, row.denominator) for row in tools.itertuples()},
        "bridge_customers": list(measures.bridge_customers(business)["customer_id"]),
        "switch_gaps": {
            row.switch_gap_days: (row.customers_at_start, row.lost)
            for row in measures.switch_gap_sensitivity(business).itertuples()
        },
        "losses": sorted(
            (row.customer_id, day(row.month), day(row.lost_on), row.tenure_days, row.mrr, row.kind,
             None if pd.isna(row.reason) else row.reason)
            for row in lost.itertuples()
        ),
        "losses_by_tenure": {
            row.from_day: row.lost for row in measures.losses_by_tenure(business).itertuples()
        },
        "churn_by_mrr_band": {
            row.level: (row.customers_at_start, row.lost)
            for row in levels[levels["by"] == "mrr_band"].itertuples()
        },
        "services": {
            (row.customer_id, row.service): (day(row.begin_on), day(row.end_on))
            for row in served.itertuples()
        },
        "leavings": {
            (row.customer_id, row.service): (day(row.asked_on), day(row.ended_on), day(row.left_on))
            for row in gone.itertuples()
        },
        "tenures": {
            row.customer_id: (
                day(row.first_on), day(row.lost_on), None if pd.isna(row.kind) else row.kind,
            )
            for row in stay.itertuples()
        },
        "survival": {
            row.k: (row.at_risk, round(row.survival, 9)) for row in curve.itertuples() if row.at_risk
        },
        "calendar_cells": {
            (day(row.cohort), row.k): (row.size, row.retained)
            for row in cohorts.calendar_triangle(business).itertuples()
        },
        "anniversary_cells": {
            (day(row.cohort), row.k): (
                row.size, row.reached, row.retained, bool(row.final), day(row.final_on),
            )
            for row in cohorts.anniversary_triangle(business).itertuples()
        },
    }  # fmt: skip


BANDS = (
    ("0 (paused)", 0, 0),
    ("below 10", 0, 10),
    ("10 to 25", 10, 25),
    ("25 to 50", 25, 50),
    ("50 to 100", 50, 100),
    ("100 to 250", 100, 250),
    ("250 to 500", 250, 500),
    ("500 and more", 500, 10**9),
)


def band(mrr: Decimal) -> str:
    """The band in which an MRR lies: from the first number up to but without the second."""
    if mrr == 0:
        return BANDS[0][0]
    return next(name for name, low, high in BANDS[1:] if low <= mrr < high)


def history(world: World, month: dt.date | None = None) -> oracle.History:
    return oracle.History(
        world.spans,
        month or world.month,
        zone=world.zone,
        gap_days=world.gap_days,
        cancellations=[(who, at, reason, kind) for who, at, reason, kind in world.cancellations],
    )


def expected(world: World) -> dict[str, Any]:
    """The same tables, by the oracle."""
    known = history(world)
    every = known.months()
    rows = {
        (row.customer, month): row
        for month in every
        for row in known.rows_of(month)
        if row.movement != "nothing"
    }
    last = [row for row in known.rows_of(world.month) if row.state_at_start != "none"]
    losses = known.losses()
    tenures = [tenure for _, month, _, tenure, *_ in losses if month == world.month]
    n = known.bridge_counts()
    levels = {band(row.mrr_at_start) for row in last}
    return {
        "customer_movement": {month: known.customer_movement(month) for month in every},
        "mrr_movement": {month: known.mrr_movement(month) for month in every},
        "customer_months": {
            key: (
                row.state_at_start, row.state_at_end, row.mrr_at_start, row.mrr_at_end, row.begins, row.ends,
                row.movement, row.mrr_movement, row.movement == "stayed" and row.ends > 0,
            )
            for key, row in rows.items()
        },
        "revenue_retention": {
            month: tuple(
                None if share is None else round(float(share), 12)
                for share in known.revenue_retention(month)
            )
            for month in every
        },
        "churn_kinds": {
            month: {
                "lost": sum(loss[1] == month for loss in losses),
                "voluntary": sum(loss[1] == month and loss[5] == "voluntary" for loss in losses),
                "involuntary": sum(loss[1] == month and loss[5] == "involuntary" for loss in losses),
                "kind_unknown": sum(loss[1] == month and loss[5] == "unknown" for loss in losses),
            }
            for month in every
        },
        "bridge": {
            "ours": (n["lost"], n["S"]),
            "ChartMogul": (n["lost"], n["S"]),
            "ProfitWell": (n["L"], n["S"]),
            "Stripe": (n["L"] + n["JL"], n["S"] + n["J"]),
            "Baremetrics": (n["L"] + n["JL"], n["S"]),
            "Recurly": (n["L"] + n["JL"], n["S"]),
        },
        "bridge_customers": known.bridge_customers(),
        "switch_gaps": {gap: known.churn_at_gap(gap) for gap in (0, 3, 7, 30)},
        "losses": losses,
        "losses_by_tenure": {
            low: sum(low <= tenure < high for tenure in tenures)
            for low, high in ((0, 8), (8, 31), (31, 91), (91, 366), (366, 10**6))
        },
        "churn_by_mrr_band": {
            level: (
                sum(band(row.mrr_at_start) == level for row in last),
                sum(band(row.mrr_at_start) == level and row.movement == "lost" for row in last),
            )
            for level in levels
        },
        "services": {
            (customer, nth): (
                oracle.day_of(begin, known.zone),
                None if end is None else oracle.day_of(end, known.zone),
            )
            for customer, stretches in known.service.items()
            for nth, (begin, end) in enumerate(stretches, start=1)
        },
        "leavings": {
            (customer, nth): known.leaving(customer, service)
            for customer, services in known.service.items()
            for nth, service in enumerate(services, start=1)
        },
        "tenures": {customer: known.tenure(customer) for customer in known.own},
        "survival": {
            k: (at_risk, round(float(share), 9)) for k, (at_risk, share) in known.survival().items()
        },
        "calendar_cells": known.calendar_cells(),
        "anniversary_cells": known.anniversary_cells(),
    }  # fmt: skip


def differences(got: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Where two sets of tables differ: the table, the key, what is there and what should be."""
    assert got.keys() == wanted.keys()
    found = []
    for name, table in wanted.items():
        if got[name] == table:
            continue
        if not isinstance(table, dict):
            found.append(f"{name}: {got[name]} is not {table}")
            continue
        found += [
            f"{name}[{key}]: {got[name].get(key)} is not {table.get(key)}"
            for key in [*table, *(set(got[name]) - set(table))]
            if got[name].get(key) != table.get(key)
        ]
    return found


def broken_identities(tables: dict[str, Any]) -> list[str]:
    """The identities of the definitions that one set of tables breaks."""
    found = []
    moved, mrr = tables["customer_movement"], tables["mrr_movement"]
    every = sorted(moved)
    for month in every:
        m, r, kinds = moved[month], mrr[month], tables["churn_kinds"][month]
        if m["customers_at_start"] + m["new"] + m["reactivated"] - m["lost"] != m["customers_at_end"]:
            found.append(f"{month}: customers do not add up: {m}")
        gained = r["new"] + r["reactivated"] + r["expansion"] + r["resumed"]
        if r["mrr_at_start"] + gained - r["contraction"] - r["paused"] - r["churned"] != r["mrr_at_end"]:
            found.append(f"{month}: MRR does not add up: {r}")
        if kinds["voluntary"] + kinds["involuntary"] + kinds["kind_unknown"] != m["lost"]:
            found.append(f"{month}: the kinds do not add up to lost: {kinds}, {m}")
        cells = [n for (cohort, k), (_, n) in tables["calendar_cells"].items()
                 if oracle.same_day_later(cohort, k) == month]  # fmt: skip
        if sum(cells) != m["customers_at_end"]:
            found.append(f"{month}: the cells add up to {sum(cells)}, not to {m['customers_at_end']}")
    for before, month in pairwise(every):
        if moved[before]["customers_at_end"] != moved[month]["customers_at_start"]:
            found.append(f"{month} does not begin where {before} ended, in customers")
        if mrr[before]["mrr_at_end"] != mrr[month]["mrr_at_start"]:
            found.append(f"{month} does not begin where {before} ended, in MRR")
    last = moved[every[-1]]
    if sum(tables["losses_by_tenure"].values()) != last["lost"]:
        found.append("the stages of tenure do not add up to lost")
    whole = (last["customers_at_start"], last["lost"])
    bands = tables["churn_by_mrr_band"].values()
    if tuple(map(sum, zip(*bands, strict=True))) != whole and bands:
        found.append(f"the MRR bands do not add up to {whole}")
    if tables["bridge"]["ours"] != (whole[1], whole[0]):
        found.append("our line of the bridge is not the churn of the month")
    return found


# --- the laws --------------------------------------------------------------------------------------

COMMON: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
}


@settings(max_examples=10, **COMMON)
@given(world=worlds())
def test_every_table_is_what_the_definitions_say(opened: Any, world: World) -> None:
    """Package and oracle agree on every table, and the identities hold exactly."""
    with opened(
        world.spans,
        f"{world.month:%Y-%m}",
        settings=world.settings,
        cancellations=world.cancellations,
    ) as business:
        got = measured(business)
    assert broken_identities(got) == []
    assert differences(got, expected(world)) == []


def relabelled(tables: dict[str, Any], name: Callable[[str], str]) -> dict[str, Any]:
    """The same tables with every customer under another name."""
    renamed = dict(tables)
    for table in ("customer_months", "services", "leavings"):
        renamed[table] = {(name(who), rest): value for (who, rest), value in tables[table].items()}
    renamed["tenures"] = {name(who): value for who, value in tables["tenures"].items()}
    renamed["losses"] = sorted((name(who), *rest) for who, *rest in tables["losses"])
    renamed["bridge_customers"] = sorted(name(who) for who in tables["bridge_customers"])
    return renamed


@settings(max_examples=2, **COMMON)
@given(world=worlds(), shuffle=st.integers(1, 10**6))
def test_row_order_and_names_of_customers_change_nothing(opened: Any, world: World, shuffle: int) -> None:
    """Shuffled rows and other customer ids, in another order of the alphabet, give the same tables."""
    mixer = random.Random(shuffle)
    customers = sorted({row[0] for row in world.spans})
    numbers = mixer.sample(range(10_000), len(customers))
    names = {who: f"{number:05} “Ä, {number}”" for who, number in zip(customers, numbers, strict=True)}
    spans = [(names[who], *rest) for who, *rest in world.spans]
    cancellations = [(names[who], *rest) for who, *rest in world.cancellations]
    mixer.shuffle(spans)
    mixer.shuffle(cancellations)
    found = []
    for rows, asked in ((world.spans, world.cancellations), (spans, cancellations)):
        with opened(rows, f"{world.month:%Y-%m}", settings=world.settings, cancellations=asked) as business:
            found.append(measured(business))
    assert differences(found[1], relabelled(found[0], names.__getitem__)) == []


def as_known(world: World) -> World:
    """What the owner's data held at the cut of the report month, and not a row or an end more."""
    zone = ZoneInfo(world.zone)
    cut = oracle.midnight(oracle.next_month(world.month), zone)
    spans = []
    for who, start, end, *rest in world.spans:
        if oracle.instant(start, zone) < cut:
            known = end and oracle.instant(end, zone) < cut
            spans.append((who, start, end if known else "", *rest))
    asked = [row for row in world.cancellations if oracle.instant(row[1], zone) < cut]
    return world._replace(spans=spans, cancellations=asked)


def as_later(world: World, mixer: random.Random) -> World:
    """The same data some months on: open spans have ended, customers came, left and answered."""
    cut = oracle.next_month(world.month)
    spans, asked = [], list(world.cancellations)
    for who, start, end, *rest in world.spans:
        later = cut + dt.timedelta(days=mixer.choice([0, 0, 1, 2, 20]))
        if not end and start[:10] < str(later) and mixer.random() < 0.6:
            end = str(later)
            asked.append((who, f"{later}T10:00:00", "too_expensive", "voluntary"))
            if mixer.random() < 0.5:
                back = later + dt.timedelta(days=mixer.choice([1, 3, 9]))
                spans.append((who, str(back), "", *rest[:-1], f"again {rest[-1]}"))
        spans.append((who, start, end, *rest))
    spans.append(("newcomer", str(cut), "", "77", "active", "solo", "month", "", "newcomer"))
    return world._replace(spans=spans, cancellations=asked)


@settings(max_examples=3, **COMMON)
@given(world=worlds(zones=("UTC", "Asia/Kolkata")), chance=st.integers(1, 10**6))
def test_a_report_does_not_change_when_later_rows_arrive(opened: Any, world: World, chance: int) -> None:
    """Rows and ends after the report month change no table of it, and no final cell of it a month later."""
    numbered = [(*row, "month", "", f"S{nth}") for nth, row in enumerate(dict.fromkeys(world.spans), start=1)]
    whole = as_later(world._replace(spans=numbered), random.Random(chance))
    following = oracle.next_month(world.month)
    found = []
    for then in (as_known(whole), whole):
        with opened(
            then.spans, f"{world.month:%Y-%m}", settings=world.settings, cancellations=then.cancellations
        ) as business:
            found.append(measured(business))
    with opened(
        whole.spans, f"{following:%Y-%m}", settings=world.settings, cancellations=whole.cancellations
    ) as business:
        later = {
            (day(cell.cohort), cell.k): cell.retained
            for cell in cohorts.anniversary_triangle(business).itertuples()
        }
    assert as_known(whole).spans != whole.spans
    assert differences(found[1], found[0]) == []
    final = {key: cell[2] for key, cell in found[0]["anniversary_cells"].items() if cell[3]}
    assert {key: later[key] for key in final} == final


def sample_world(business: Business) -> World:
    """The files of the sample as they are, read without the package."""

    def rows(name: str, columns: Sequence[str]) -> list[tuple[str, ...]]:
        with (business.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [tuple(row[column] for column in columns) for row in csv.DictReader(file)]

    spans = ("customer_id", "started_at", "ended_at", "mrr", "status", "plan", "interval", "subscription_id")
    answers = ("customer_id", "canceled_at", "reason", "kind")
    chosen = business.settings
    return World(
        rows("subscriptions", spans),
        rows("cancellations", answers),
        chosen.time_zone,
        chosen.switch_gap_days,
        business.report_month,
    )


def test_the_sample_is_what_the_definitions_say(sample: Business) -> None:
    """Every table of the sample agrees with the oracle, and its identities hold exactly."""
    got = measured(sample)
    assert broken_identities(got) == []
    assert differences(got, expected(sample_world(sample))) == []
