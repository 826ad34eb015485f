"""Cohort triangles: how many of the customers who began in a month are still customers later.

Two clocks. The calendar clock looks at the end of each calendar month; the anniversary clock looks at the
same day of a later month, each customer by the own first day. Shares are fractions with a 95 % interval.
"""

import ibis
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.statistics.intervals import Change, Rate, against_the_rest, change, rate, with_rate
from retention_helpers.words import calendar

COMPARED = 24  # cohorts that are held against each other


def _cohort_sizes(business: Business) -> pd.DataFrame:
    firsts = months.first_days(business)
    sizes = firsts.group_by("cohort").aggregate(size=firsts.count()).order_by("cohort").execute()
    return sizes.assign(cohort=pd.to_datetime(sizes["cohort"]).astype("datetime64[s]"))


def calendar_triangle(business: Business) -> pd.DataFrame:
    """One row per cohort and month: the share that are customers at the end of calendar month cohort + k.

    k = 0 is the end of the cohort's own month. The cells of one calendar month add up to that month's
    customers_at_end. Months in which nobody began are left out.

    Columns: cohort (first day of the month), k, month, size, retained, rate with _low and _high.
    """
    sizes = _cohort_sizes(business)
    starts = [pd.Timestamp(start) for start in months.month_starts(business)]
    cells = pd.DataFrame(
        [
            (row.cohort, calendar.months_between(row.cohort, start), start, row.size)
            for row in sizes.itertuples(index=False)
            for start in starts
            if start >= row.cohort
        ],
        columns=["cohort", "k", "month", "size"],
    )
    rows = months.kept_customer_months(business)
    placed = rows.filter(rows.state_at_end != "none").join(months.first_days(business), "customer_id")
    found = placed.group_by(["cohort", "month"]).aggregate(retained=placed.count()).execute()
    joined = cells.merge(
        found.astype({"cohort": "datetime64[s]", "month": "datetime64[s]"}),
        on=["cohort", "month"],
        how="left",
    )
    whole = joined.assign(retained=joined["retained"].fillna(0).astype("int64"))
    return with_rate(whole, "rate", "retained", "size")


def anniversary_triangle(business: Business) -> pd.DataFrame:
    """One row per cohort and k: of the members who have reached it, the share that are customers then.

    The day is k calendar months after each member's own first day (the last day of the month where it
    does not exist). A customer who does not renew on that day is not retained. Cells that nobody has
    reached are left out; a cell is final when every member has reached it and `switch_gap_days` more have
    passed, because a return within the gap can still change it.

    Columns: cohort, k, size, reached, retained, rate with _low and _high, final, final_on (the day on
    which the cell becomes final).
    """
    firsts = months.first_days(business)
    days = months.anniversaries(business).query("k > 0")
    columns = ["cohort", "k", "size", "reached", "retained", "final_on", "final"]
    if days.empty:
        return with_rate(pd.DataFrame(columns=columns), "rate", "retained", "reached")
    table = ibis.memtable(days, schema={"first_on": "date", "k": "int64", "day": "date"})
    due = firsts.join(table, "first_on")
    own = months.kept_services(business)
    serving = due.join(own, "customer_id")
    kept = serving.filter(
        (serving.begin_on <= serving.day)
        & (serving.end_on.isnull() | (serving.end_on > serving.day))
        & (serving.day < business.as_of)
    )
    keys = ["cohort", "k"]
    cells = due.group_by(keys).aggregate(
        size=due.count(),
        reached=due.count(where=due.day < business.as_of),
        last_day=due.day.max(),
    )
    retained = kept.group_by(keys).aggregate(retained=kept.count())
    frame = cells.filter(cells.reached > 0).left_join(retained, keys).order_by(keys).execute()
    wait = pd.Timedelta(days=1 + business.settings.switch_gap_days)
    final_on = pd.to_datetime(frame["last_day"]) + wait
    frame = frame.assign(
        cohort=pd.to_datetime(frame["cohort"]).astype("datetime64[s]"),
        retained=frame["retained"].fillna(0).astype("int64"),
        final_on=final_on,
        final=final_on <= pd.Timestamp(business.as_of),
    )
    return with_rate(frame[columns], "rate", "retained", "reached")


def retention_after(triangle: pd.DataFrame, k: int) -> Rate:
    """All final cells together: of the customers who have reached month k, the share still customers then.

    Cells that a return may still change are left out. NaN where no cell is final. Takes the anniversary
    triangle.
    """
    cells = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    return rate(int(cells["retained"].sum()), int(cells["reached"].sum()))


def recent_cohorts(triangle: pd.DataFrame, *, k: int = 1, cohorts: int = 3) -> pd.DataFrame:
    """The latest cohorts with a final cell at month k, beside all earlier ones together.

    Takes the anniversary triangle. Columns: cohorts ("latest 3", "earlier"), first_cohort, last_cohort,
    reached, retained, rate with _low and _high.
    """
    final = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    parts = {f"latest {cohorts}": final.tail(cohorts), "earlier": final.iloc[:-cohorts]}
    rows = [
        (name, part["cohort"].min(), part["cohort"].max(),
         int(part["reached"].sum()), int(part["retained"].sum()))
        for name, part in parts.items()
        if len(part)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["cohorts", "first_cohort", "last_cohort", "reached", "retained"])
    return with_rate(frame, "rate", "retained", "reached")


def recent_change(parts: pd.DataFrame) -> Change | None:
    """From the earlier cohorts to the latest: how the share still there moved; None without both.

    Takes the table of `recent_cohorts`.
    """
    if len(parts) < 2:
        return None
    latest, earlier = parts.iloc[0], parts.iloc[1]
    return change(
        int(earlier["retained"]),
        int(earlier["reached"]),
        int(latest["retained"]),
        int(latest["reached"]),
    )


def standing_out(triangle: pd.DataFrame, *, k: int = 3, fewest: int = 20) -> pd.DataFrame:
    """One row per cohort with a final cell at month k: whether it stays better or worse than the rest.

    The latest two dozen cohorts, because what happened earlier was another business; the rest are the others
    of these together. Somebody who looks at so many finds one that differs by chance, so the verdict is
    corrected for looking at all of them (Holm); cohorts smaller than `fewest` (`min_customers`) are "too
    few". Takes the anniversary triangle.

    Columns: cohort, reached, retained, rate with _low and _high, verdict (above the rest, below the rest,
    no clear difference, too few, the only one).
    """
    final = triangle[(triangle["k"] == k) & triangle["final"].astype(bool)]
    final = final.sort_values("cohort").tail(COMPARED).reset_index(drop=True)
    counts, bases = final["retained"].tolist(), final["reached"].tolist()
    verdicts = against_the_rest(counts, bases, kinds=["cohort"] * len(final), fewest=fewest)
    own = final[["cohort", "reached", "retained", "rate", "rate_low", "rate_high"]]
    return own.assign(verdict=pd.Series(verdicts, dtype="str"))


def as_records(calendar_cells: pd.DataFrame, anniversary_cells: pd.DataFrame) -> list[dict]:
    """Both triangles, a record a cohort, in the form of findings.json."""
    by_cohort = dict(iter(anniversary_cells.groupby("cohort")))
    return [
        {
            "cohort": f"{cohort:%Y-%m}",
            "size": int(cells["size"].iloc[0]),
            "calendar": {
                str(cell.k): {
                    "retained": int(cell.retained),
                    "rate": cell.rate,
                    "low": cell.rate_low,
                    "high": cell.rate_high,
                }
                for cell in cells.itertuples()
            },
            "anniversary": {
                str(cell.k): {
                    "retained": int(cell.retained),
                    "reached": int(cell.reached),
                    "rate": cell.rate,
                    "low": cell.rate_low,
                    "high": cell.rate_high,
                    "final": bool(cell.final),
                    "final_on": f"{cell.final_on:%Y-%m-%d}",
                }
                for cell in (by_cohort[cohort].itertuples() if cohort in by_cohort else ())
            },
        }
        for cohort, cells in calendar_cells.groupby("cohort")
    ]
