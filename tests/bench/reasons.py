"""How fast the page about reasons is on a large business: part of `make bench`.

100,000 customers over two years, some 48,000 lost, half of them in the last twelve months, most with a
comment of some twenty words; three million events; eight attributes. In one process, after the gate, in
seconds of the processor.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers import churn_reasons
from retention_helpers.business import open_business
from retention_helpers.churn_reasons import features, groups, topics

CUSTOMERS, EVENTS, MONTH = 100_000, 3_000_000, "2026-10"
REASONS = ["too_expensive", "not_using_enough", "missing_feature", "found_alternative", "odd", ""]
COMMENTS = ["The new price is too much, we move to another tool next month", "太贵了，我们小工作室负担不起",
            "Please add time tracking and a calendar that syncs", "Nobody answered me", ""]  # fmt: skip
WORDS = ["we", "they", "price", "tool", "tracking", "calendar", "team", "export", "client", "invoice"]


def write_large(folder: Path) -> None:
    """Exponential stays of 500 days, begun at any time of two years."""
    draws = np.random.default_rng(1)
    ids = np.array([f"C-{nth:06d}" for nth in range(CUSTOMERS)])
    began = pd.Timestamp("2024-11-01") + pd.to_timedelta(draws.integers(0, 700, CUSTOMERS), unit="D")
    stays = draws.exponential(500, CUSTOMERS).astype(int) + 20
    ended = began + pd.to_timedelta(stays, unit="D")
    gone = ended < pd.Timestamp("2026-11-01")
    plan = draws.choice(3, CUSTOMERS, p=[0.5, 0.35, 0.15])
    attributes = {f"attribute_{nth}": draws.choice(list("pqrs"), CUSTOMERS) for nth in range(8)}
    pd.DataFrame({"customer_id": ids, "signed_up_at": began.astype(str), **attributes}).to_parquet(
        folder / "customers.parquet"
    )
    pd.DataFrame(
        {"customer_id": ids, "started_at": began.astype(str),
         "ended_at": np.where(gone, ended.astype(str), ""), "mrr": np.array(["21", "65", "159"])[plan],
         "plan": np.array(["solo", "team", "studio"])[plan], "status": "active"}
    ).to_parquet(folder / "subscriptions.parquet")  # fmt: skip
    said = draws.choice(COMMENTS, gone.sum())
    words = draws.choice(WORDS, (gone.sum(), 12))
    pd.DataFrame(
        {"customer_id": ids[gone], "canceled_at": (ended[gone] - pd.Timedelta(days=3)).astype(str),
         "reason": draws.choice(REASONS, gone.sum()), "kind": "",
         "comment": [f"{one} {' '.join(more)}" for one, more in zip(said, words, strict=True)]}
    ).to_parquet(folder / "cancellations.parquet")  # fmt: skip
    who = draws.integers(0, CUSTOMERS, EVENTS)
    days = (draws.random(EVENTS) * np.minimum(stays[who], 700)).astype(int)
    done = pd.DataFrame(
        {"customer_id": ids[who], "occurred_at": began[who] + pd.to_timedelta(days, unit="D"),
         "event": draws.choice(["login", "board", "comment", "export"], EVENTS)}
    )  # fmt: skip
    kept = done[done["occurred_at"] < pd.Timestamp("2026-11-01")]
    kept.assign(occurred_at=kept["occurred_at"].astype(str)).to_parquet(folder / "events.parquet")


def timed(what: str, compute: Callable[[], Any]) -> Any:
    """What is computed; prints how many seconds of the processor it took."""
    began = time.process_time()
    found = compute()
    print(f"{what:44}{time.process_time() - began:6.1f} s", flush=True)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="retention-bench-") as home:
        folder = Path(home) / "data"
        folder.mkdir()
        write_large(folder)
        business = timed("the gate", lambda: open_business(folder, MONTH, cache=Path(home) / "cache"))
        year = churn_reasons.period(business, 12)
        lost = timed("who left, and what they said", lambda: churn_reasons.losses(business))
        said = churn_reasons.answered(lost, year)
        print(f"{len(said):,} answers in twelve months")
        grouped = timed("groups", lambda: churn_reasons.with_groups(said, business))
        tested = timed("shuffles", lambda: groups.depends_on(grouped, min_customers=20))
        print(f"{len(tested)} ways to group, of {', '.join(map(str, tested['groups']))} groups")
        timed("use before they asked to leave", lambda: churn_reasons.use_before(business, year))
        comments = timed("comments, masked", lambda: churn_reasons.comments(lost, year))
        timed("themes", lambda: topics.themes(comments))
        timed("phrases that come often", lambda: topics.frequent_phrases(comments))
        timed("features asked for", lambda: features.requests(comments))
        business.close()
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
