"""How fast the measures of the win-back page are, at several sizes of a business: part of `make bench`.

Each customer has about thirty events, twelve payments and mails, and one answer; every second that left was
drawn into one of seven campaigns, every eleventh paused. Seconds of each measure, so that what grows faster
than the customers is seen.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd
from early_warning import MONTH, Peak, write_large

from retention_helpers import win_back_and_loyalty as page
from retention_helpers.business import Business, months, open_business
from retention_helpers.business.losses import kept_leavings
from retention_helpers.early_warning import scheduled
from retention_helpers.shown.proposals import proposals
from retention_helpers.win_back_and_loyalty import away, campaigns, letters, standing

EVENTS_EACH = 30


def write_business(folder: Path, customers: int) -> None:
    """The business of the warnings' benchmark, with plans, pauses and campaigns."""
    write_large(folder, EVENTS_EACH * customers, customers)
    engine = duckdb.connect()
    spans = f"'{folder}/subscriptions.parquet'"
    engine.execute(
        f"CREATE TABLE bare AS SELECT *, CAST(hash(customer_id) % 30030 AS INT) AS nth FROM {spans}"
    )
    engine.execute(
        """CREATE TABLE spans AS SELECT * REPLACE (['solo', 'team', 'studio'][1 + nth % 3] AS plan,
            CAST([19, 49, 99][1 + nth % 3] AS DECIMAL(18, 2)) AS mrr),
        CASE WHEN nth % 5 = 0 THEN 'year' ELSE 'month' END AS interval,
        nth % 11 = 3 AND coalesce(ended_at, TIMESTAMP '2026-11-01') > started_at + INTERVAL 99 DAY AS pauses
        FROM bare"""
    )
    first = "started_at + to_days(30 + nth % 30)"
    engine.execute(
        f"""COPY (WITH parts AS (SELECT *, {first} AS pause, {first} + INTERVAL 31 DAY AS again FROM spans)
        SELECT * EXCLUDE (pauses, nth, pause, again) FROM (
            FROM parts WHERE NOT pauses
            UNION ALL BY NAME SELECT * REPLACE (pause AS ended_at) FROM parts WHERE pauses
            UNION ALL BY NAME SELECT * REPLACE (pause AS started_at, again AS ended_at, 'paused' AS status)
                FROM parts WHERE pauses
            UNION ALL BY NAME SELECT * REPLACE (again AS started_at) FROM parts WHERE pauses)) TO {spans}"""
    )
    engine.execute(
        f"""COPY (SELECT 'campaign ' || nth % 7 AS campaign, customer_id,
        CASE WHEN nth % 13 < 7 THEN 'mailed' ELSE 'held_out' END AS "group",
        ended_at + to_days(40) AS enrolled_at FROM spans
        WHERE nth % 2 = 0 AND ended_at + to_days(40) < TIMESTAMP '2026-11-01')
        TO '{folder}/enrolments.parquet'"""
    )


def measures(business: Business) -> dict[str, Callable[[], Any]]:
    """The measures of the page in its order; what each needs is measured before it."""
    nobody = pd.DataFrame(columns=["customer_id", "drawn_into", "treatment", "until", "is_open"])
    kept: dict[str, Any] = {}

    def keep(name: str, act: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: kept.__setitem__(name, act())

    return {
        "spans, months and leavings, which other pages use too": lambda: (
            months.kept_customer_months(business), kept_leavings(business),
        ),
        "requests, which the page of warnings uses too": keep("asked", lambda: scheduled(business)),
        "who is away, at 24 month ends": lambda: away.kept_away(business).count().execute(),
        "left out": keep("away", lambda: away.away(business, nobody, proposals([]))),
        "natural return": keep("natural", lambda: away.natural_return(business)),
        "what became of everybody drawn": lambda: campaigns.enrolled(business),
        "campaigns read": keep(
            "read", lambda: campaigns.read_campaigns(business, campaigns.baselines(kept["natural"]))
        ),
        "what they added": lambda: (page.added(kept["read"]), page.back_by_day(kept["read"])),
        "by message": lambda: page.by_message(business, kept["read"]),
        "the standing campaigns": keep(
            "plans", lambda: standing.standing(business, kept["natural"], kept["away"], kept["read"])
        ),
        "the lot": keep("drawn", lambda: standing.drawn_now(business, kept["away"], kept["plans"])),
        "five mails each": lambda: letters.letters(
            business,
            letters.Sent(
                *(kept[part] for part in ("away", "natural", "read", "plans", "drawn")), business.folder
            ),
        ),
        "what answers them": lambda: (
            page.to_answer(business, kept["asked"]), page.answered_before(business),
        ),
        "pauses": lambda: (
            page.pauses_of_year(business), page.paused_or_left(business), page.paused_now(business),
        ),
        "NPS": lambda: (
            page.nps_all(business), page.who_answered(business), page.detractors(business),
            page.nps_by_quarter(business), page.nps_themes(business), page.ahead(business),
        ),
        "customers of now": keep("now", lambda: page.people_now(business)),
        "NPS by level": lambda: page.nps_by(business, kept["now"]),
        "the yearly plan": lambda: (
            page.yearly_plan(business), page.first_renewals(business), page.yearly_test(business),
        ),
        "tiers": lambda: page.tiers(business),
        "thanks": lambda: page.thanks(business),
        "advice, recommendations, growth": lambda: (
            page.board(business), page.recommend(business), page.might_grow(business),
        ),
        "messages by stage": lambda: page.stage_messages(business),
    }  # fmt: skip


def measured(customers: int) -> None:
    """Print the seconds of every measure on a business of so many customers."""
    with TemporaryDirectory() as home:
        folder, peak = Path(home) / "data", Peak()
        write_business(folder, customers)
        business = open_business(folder, MONTH, cache=Path(home) / "cache")
        began = time.perf_counter()
        for name, act in measures(business).items():
            start = time.perf_counter()
            act()
            print(f"  {name}: {time.perf_counter() - start:.2f} s", flush=True)
        print(f"  in all {time.perf_counter() - began:.1f} s, peak {peak.bytes / 1e9:.2f} GB", flush=True)
        business.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="*", default=[5_000, 100_000])
    for size in parser.parse_args().customers:
        measured(size)
