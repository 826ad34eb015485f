"""Cohort triangles: how many of the customers who began in a month are still customers later.

Two clocks. The calendar clock looks at the end of each calendar month; the anniversary clock looks at the
same day of a later month, each customer by the own first day. Shares are fractions with a 95 % interval.
"""

import datetime as dt
import itertools
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retention_helpers.business import Business, levels, months
from retention_helpers.business.spans import kept_services
from retention_helpers.measurement.measures import VERDICT
from retention_helpers.shown.units import COUNT, DAY, MONTH, RATE, TEXT, YES_NO, columns, names_of
from retention_helpers.statistics.intervals import Change, Rate, against_the_rest, rate, with_rate
from retention_helpers.statistics.varying import change_beyond_spread, changes_beyond_spread, spread_of
from retention_helpers.words import calendar, formats

COMPARED = 24  # cohorts that are held against each other
SETTLED = 3  # months after which they are
LATEST = 3  # cohorts that are held against those before
STANDING = {"rose": "below the rest", "fell": "above the rest", "no clear change": "no clear difference"}
RETAINED = RATE(of=("retained", "reached"), key="retained")


@columns(
    by=TEXT(is_recorded=False), level=TEXT(is_recorded=False), cohort=MONTH, k=COUNT("After months"),
    month=MONTH, size=COUNT("Customers"), retained=COUNT, rate=RATE,
)  # fmt: skip
def calendar_triangle(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per cohort and month: the share that are customers at the end of calendar month cohort + k.

    k = 0 is the end of the cohort's own month. The cells of one calendar month add up to that month's
    customers_at_end. Months in which nobody began are left out. Where `by` names some of `levels.names`,
    there is such a triangle for each level of each of them.

    Columns: by and level (where asked for), cohort (first day of the month), k, month, size, retained, rate
    with _low and _high.

    Glossary: calendar clock.
    """
    starts = [pd.Timestamp(start) for start in months.month_starts(business)]
    rows = months.kept_customer_months(business).filter(lambda row: row.state_at_end != "none")

    def measured(firsts: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        own = [*kept_apart, "cohort"]
        sizes = firsts.group_by(own).aggregate(size=firsts.count()).order_by(own).execute()
        sizes["cohort"] = pd.to_datetime(sizes["cohort"]).astype("datetime64[s]")
        cells = sizes.merge(pd.DataFrame({"month": starts}).astype("datetime64[s]"), how="cross")
        cells = cells[cells["month"] >= cells["cohort"]]
        placed = rows.join(firsts, "customer_id")
        found = placed.group_by([*own, "month"]).aggregate(retained=placed.count()).execute()
        dated = found.astype({"cohort": "datetime64[s]", "month": "datetime64[s]"})
        joined = cells.merge(dated, on=[*own, "month"], how="left")
        pairs = zip(joined["cohort"], joined["month"], strict=True)
        joined["k"] = pd.Series([calendar.months_between(*pair) for pair in pairs], dtype="int64")
        whole = joined.assign(retained=joined["retained"].fillna(0).astype("int64"))
        return with_rate(whole[[*own, "k", "month", "size", "retained"]], "rate", "retained", "size")

    return levels.by_each(months.first_days(business), business, by, measured)


@columns(
    by=TEXT(is_recorded=False), level=TEXT(is_recorded=False), cohort=MONTH, k=COUNT("After months"),
    size=COUNT("Customers"), reached=COUNT, retained=COUNT, final_on=DAY, final=YES_NO, rate=RATE,
)  # fmt: skip
def anniversary_triangle(business: Business, *, by: levels.By = ()) -> pd.DataFrame:
    """One row per cohort and k: of the members who have reached it, the share that are customers then.

    The day is k calendar months after each member's own first day (the last day of the month where it
    does not exist). A customer who does not renew on that day is not retained. Cells that nobody has
    reached are left out; a cell is final when every member has reached it and `switch_gap_days` more have
    passed, because a return within the gap can still change it. `by` is as in `calendar_triangle`.

    Columns: by and level (where asked for), cohort, k, size, reached, retained, final_on (the day on which
    the cell becomes final), final, rate with _low and _high.

    Glossary: anniversary clock; reached, final, final_on.
    """
    days = months.anniversaries(business).query("k > 0")
    if days.empty:
        names = [name for name in names_of(anniversary_triangle) if by or name not in ("by", "level")]
        return pd.DataFrame(columns=names)
    table = ibis.memtable(days, schema={"first_on": "date", "k": "int64", "day": "date"})
    own = kept_services(business)
    wait = pd.Timedelta(days=1 + business.settings.switch_gap_days)

    def measured(firsts: ir.Table, kept_apart: list[str]) -> pd.DataFrame:
        due = firsts.join(table, "first_on")
        serving = due.join(own, "customer_id")
        kept = serving.filter(
            (serving.begin_on <= serving.day)
            & (serving.end_on.isnull() | (serving.end_on > serving.day))
            & (serving.day < business.as_of)
        )
        keys = [*kept_apart, "cohort", "k"]
        cells = due.group_by(keys).aggregate(
            size=due.count(),
            reached=due.count(where=due.day < business.as_of),
            last_day=due.day.max(),
        )
        retained = kept.group_by(keys).aggregate(retained=kept.count())
        frame = cells.filter(cells.reached > 0).left_join(retained, keys).order_by(keys).execute()
        final_on = pd.to_datetime(frame["last_day"]) + wait
        frame = frame.assign(
            cohort=pd.to_datetime(frame["cohort"]).astype("datetime64[s]"),
            retained=frame["retained"].fillna(0).astype("int64"),
            final_on=final_on,
            final=final_on <= pd.Timestamp(business.as_of),
        )
        ordered = frame[[*keys, "size", "reached", "retained", "final_on", "final"]]
        return with_rate(ordered, "rate", "retained", "reached")

    return levels.by_each(months.first_days(business), business, by, measured)


def retention_after(triangle: pd.DataFrame, k: int) -> Rate:
    """All final cells together: of the customers who have reached month k, the share still customers then.

    Cells that a return may still change are left out. NaN where no cell is final. Takes the anniversary
    triangle.

    Glossary: retention at 12 months.
    """
    cells = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    return rate(int(cells["retained"].sum()), int(cells["reached"].sum()))


@columns(by=TEXT, level=TEXT, reached=COUNT, retained=COUNT, rate=RETAINED, verdict=VERDICT)
def retained_by_level(triangle: pd.DataFrame, *, min_customers: int, k: int = SETTLED) -> pd.DataFrame:
    """One row per level: all cohorts of it that have reached month k together, and the share still customers.

    On the anniversary clock final cells alone, so that no return changes it. The verdict holds a level
    against the other levels of its kind together, as that of `measures.churn_by` does. Takes a triangle by
    levels.

    Glossary: anniversary clock.
    """
    cells = triangle[triangle["k"] == k]
    if "final" in cells:
        cells = cells[cells["final"].astype(bool)]
    base = "reached" if "reached" in cells else "size"
    sums = cells.groupby(["by", "level"], as_index=False, sort=False)[[base, "retained"]].sum()
    frame = with_rate(sums.rename(columns={base: "reached"}), "rate", "retained", "reached")
    verdicts = against_the_rest(
        list(frame["retained"]),
        list(frame["reached"]),
        kinds=list(frame["by"]),
        min_customers=min_customers,
    )
    return frame.assign(verdict=verdicts)[names_of(retained_by_level)]


def told_after(business: Business) -> int:
    """After how many months it can first be told whether a newcomer stayed: 1; of buyers, who are customers
    for `lapse_days` whatever they do, the first after which these are over for everybody.

    Glossary: recent cohorts.
    """
    if not business.counts_buyers:
        return 1
    months = [dt.date(2025, month, 1) for month in range(1, 13)]
    return next(
        k
        for k in itertools.count(1)
        if min((calendar.months_after(one, k) - one).days for one in months) >= business.settings.lapse_days
    )


@columns(
    cohorts=TEXT, first_cohort=MONTH, last_cohort=MONTH, k=COUNT("After months", is_shown=False),
    reached=COUNT, retained=COUNT, rate=RETAINED,
)  # fmt: skip
def recent_cohorts(triangle: pd.DataFrame, *, k: int = 1, cohorts: int = LATEST) -> pd.DataFrame:
    """One row for the latest cohorts with a final cell at month k, and one for all earlier ones together.

    Takes the anniversary triangle.

    Glossary: recent cohorts.
    """
    final = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    parts = {f"latest {cohorts}": final.tail(cohorts), "earlier": final.iloc[:-cohorts]}
    rows = [
        (name, part["cohort"].min(), part["cohort"].max(), k,
         int(part["reached"].sum()), int(part["retained"].sum()))
        for name, part in parts.items()
        if len(part)
    ]  # fmt: skip
    names = ["cohorts", "first_cohort", "last_cohort", "k", "reached", "retained"]
    frame = pd.DataFrame(rows, columns=names)
    return with_rate(frame, "rate", "retained", "reached")


def recent_change(triangle: pd.DataFrame, *, k: int = 1, cohorts: int = LATEST) -> Change | None:
    """From the earlier cohorts to the latest: how the share still there moved; None without both.

    How the earlier cohorts differ among themselves is in the interval: latest ones that differ from them as
    they do from one another are no change. Takes the anniversary triangle.

    Glossary: recent cohorts.
    """
    final = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    left = (final["reached"] - final["retained"]).astype(int).tolist()
    counts = list(zip(left, final["reached"].astype(int).tolist(), strict=True))
    then, now = counts[:-cohorts], counts[-cohorts:]
    if not then:
        return None
    spread = spread_of(*zip(*then, strict=True))
    moved = change_beyond_spread(now, then, spread)
    verdict = {"rose": "fell", "fell": "rose"}.get(moved.verdict, moved.verdict)
    return Change(-moved.value, -moved.high, -moved.low, verdict)


@columns(cohort=MONTH, reached=COUNT, retained=COUNT, rate=RETAINED, verdict=VERDICT)
def standing_out(triangle: pd.DataFrame, *, min_customers: int, k: int = SETTLED) -> pd.DataFrame:
    """One row per cohort with a final cell at month k: whether it stays better or worse than the rest.

    The latest two dozen cohorts, because what happened earlier was another business; the rest are the others
    of these together. A cohort has to differ from them by more than they differ among themselves; where they
    are too few to tell, by more than USUAL_SPREAD of what is lost. Somebody who looks at so many finds one
    that differs by chance, so the verdict is corrected for looking at all of them (Holm); cohorts smaller
    than `min_customers` are "too few". Takes the anniversary triangle.

    Glossary: a cohort that stands out.
    """
    final = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    final = final.sort_values("cohort").tail(COMPARED).reset_index(drop=True)
    left = (final["reached"] - final["retained"]).astype(int)
    counts = list(zip(left, final["reached"].astype(int), strict=True))
    verdicts = _against_the_others(counts, min_customers)
    own = final[["cohort", "reached", "retained", "rate", "rate_low", "rate_high"]]
    return own.assign(verdict=pd.Series(verdicts, dtype="str"))


def _against_the_others(counts: list[tuple[int, int]], min_customers: int) -> list[str]:
    """The verdict on each cohort, of how many left and how many there were."""
    if len(counts) < 2:
        return ["the only one"] * len(counts)
    everybody = sum(n for _, n in counts)
    judged = [place for place, (_, n) in enumerate(counts) if min(n, everybody - n) >= min_customers]
    pairs = [([counts[place]], counts[:place] + counts[place + 1 :]) for place in judged]
    found = dict.fromkeys(range(len(counts)), "too few")
    for place, moved in zip(judged, changes_beyond_spread(pairs), strict=True):
        found[place] = STANDING[moved.verdict]
    return list(found.values())


def as_records(calendar_cells: pd.DataFrame, anniversary_cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Both triangles, a record a cohort, in the form of findings.json."""
    dated = anniversary_cells.assign(final_on=anniversary_cells["final_on"].map("{:%Y-%m-%d}".format))
    by_cohort = dict(iter(dated.groupby("cohort")))
    return [
        {
            "cohort": formats.iso_month(cohort),
            "size": int(cells["size"].iloc[0]),
            "calendar": _cells(cells, "retained"),
            "anniversary": _cells(by_cohort[cohort], "retained", "reached", "final", "final_on")
            if cohort in by_cohort
            else {},
        }
        for cohort, cells in calendar_cells.groupby("cohort")
    ]


def _cells(cells: pd.DataFrame, *names: str) -> dict[str, dict[str, Any]]:
    """The cells of a cohort by their month, with these columns beside the rate."""
    return {
        str(cell["k"]): {
            **{name: cell[name] for name in names},
            "rate": cell["rate"], "low": cell["rate_low"], "high": cell["rate_high"],
        }
        for cell in cells.to_dict(orient="records")
    }  # fmt: skip
