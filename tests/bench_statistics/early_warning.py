"""Do the warnings keep what they promise? Businesses by the hundred whose truth is known.

Part of `make bench-statistics`.

1. Every warning is noise: how often does one "work", a warning and a page at a time?
2. Silence follows the decision: the same, and what judging on the end of service would have claimed.
3. A planted fade: how often is it found, and are the days ahead those that were planted?
4. The model: how often is it used where nothing tells, and does its risk come true where something does?
5. Intervals and tests for rows that share a customer: coverage and level. The lead of a series that has none.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from planted import FADE_DAYS, KINDS, planted  # the tests' own

from retention_helpers.early_warning import indicators
from retention_helpers.early_warning.past import flags, judge, past
from retention_helpers.early_warning.risk import told
from retention_helpers.early_warning.rules import usable
from retention_helpers.early_warning.snapshots import snapshots
from retention_helpers.statistics import clusters

MIN_CUSTOMERS = 20
WORKS = ("works", "works weakly")


def _businesses(rows: pd.DataFrame) -> list[pd.DataFrame]:
    prefix = rows["customer_id"].str[:4].to_numpy()
    return [part.reset_index(drop=True) for _, part in rows.groupby(prefix)]


def _as_of(rows: pd.DataFrame) -> pd.Timestamp:
    return rows["as_of"].max()


def verdicts(kind: str, home: Path, businesses: int, seed: int) -> None:
    with planted(home, kind, businesses=businesses, seed=seed) as (business, people):
        rows, rules = snapshots(business), usable(business)
        judged, used = [], []
        for part in _businesses(rows):
            known = past(part, _as_of(rows))
            found = judge(known, rules, min_customers=MIN_CUSTOMERS)
            judged.append(found.assign(business=part["customer_id"].iloc[0][:4]))
            counted = [
                rule for rule in rules if (found.set_index("name")["verdict"] == "works").get(rule.name)
            ]
            risk = told(part, known, rules, counted)
            tested = risk.tested.rows if risk.tested else pd.DataFrame({"risk": [], "left": []})
            used.append((risk.learned is not None, tested["risk"].sum(), tested["left"].sum()))
        _say_verdicts(kind, pd.concat(judged), businesses)
        model = pd.DataFrame(used, columns=["used", "expected", "left"])
        print(
            f"  the model is used in {model['used'].mean():.1%} of the businesses; expected over left in the "
            f"tested months: {model['expected'].sum() / model['left'].sum():.3f}"
        )
        if kind == "silence":
            _say_naive(rows, people, rules, businesses)
        if kind == "fade":
            _say_leads(rows, people, rules)
    shutil.rmtree(home / kind)


def _say_verdicts(kind: str, judged: pd.DataFrame, businesses: int) -> None:
    print(f"{kind}: {businesses} businesses, {len(judged) // businesses} warnings each")
    table = judged.groupby(["name", "verdict"]).size().unstack(fill_value=0)
    print(table.to_string())
    for word in WORKS:
        pages = judged.loc[judged["verdict"] == word, "business"].nunique()
        share = (judged["verdict"] == word).mean()
        print(f"  “{word}”: {share:.2%} of all verdicts, on {pages / businesses:.1%} of the pages")
    print(f"  p < 0.05 in {(judged['p_value'] < 0.05).mean():.2%}", flush=True)


def _say_naive(rows: pd.DataFrame, people: pd.DataFrame, rules: list, businesses: int) -> None:
    """The mistake: everybody who still pays takes part, and the end of service is what is predicted."""
    ends = pd.Timestamp("2024-11-01") + pd.to_timedelta(people.set_index("customer_id")["ends"], unit="D")
    ends_in = (rows["customer_id"].map(ends) - rows["as_of"]).dt.days + 1
    naive = rows.assign(is_open=rows["is_paying"], leaves_in=ends_in.where(ends_in < 900).astype("float32"))
    chosen = [rule for rule in rules if rule.name in ("no_login_7_days", "use_down_half")]
    found = pd.concat(
        [judge(past(part, _as_of(rows)), chosen, min_customers=20) for part in _businesses(naive)]
    )
    for name, own in found.groupby("name"):
        works, left, base = (
            (own["verdict"] == "works").mean(),
            own["precision"].mean(),
            own["base_rate"].mean(),
        )
        print(
            f"  judged on the end of service, {name} would “work” in {works:.0%} of {businesses}: "
            f"{left:.1%} left against {base:.1%} of all"
        )


def _say_leads(rows: pd.DataFrame, people: pd.DataFrame, rules: list) -> None:
    """The days ahead that the back-test tells, and those that follow from the planted days alone."""
    rule = next(rule for rule in rules if rule.name == "use_down_half")
    fading = people[people["fades"] < 730]
    known = past(rows[rows["customer_id"].isin(fading["customer_id"])].reset_index(drop=True), _as_of(rows))
    true = flags(rule, known).alert & known.left
    told_days = known.rows["leaves_in"].to_numpy()[true]
    # A week into the fade half of the last fourteen days are lost.
    first = pd.Timestamp("2024-11-01")
    dates = np.sort(rows["as_of"].unique())
    seen_from = first + pd.to_timedelta(fading["fades"] + 7, unit="D")
    seen = dates[np.minimum(np.searchsorted(dates, seen_from.to_numpy()), len(dates) - 1)]
    ahead = (
        first + pd.to_timedelta(fading["asks"], unit="D") - pd.Series(seen, index=fading.index)
    ).dt.days + 1
    ahead = ahead[ahead > 0]
    print(
        f"  a fade {FADE_DAYS} days before the request: the back-test says {np.median(told_days):.0f} days "
        f"ahead in the median, the planted days {ahead.median():.0f}; {len(told_days)} alerts, {len(ahead)} "
        "fades that a month end could see"
    )


def statistics(repeats: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    covered, rejected, areas_covered, leads_found = [], [], [], []
    for _ in range(repeats):
        customer = np.repeat(np.arange(150), 8)
        often = rng.beta(1.2, 10, 150)[customer]  # customers differ: their rows are alike
        event = rng.random(len(customer)) < often
        share = clusters.clustered_rate(event, customer)
        covered.append(share.low <= 1.2 / 11.2 <= share.high)
        flagged = rng.random(150)[customer] + 0.4 * rng.random(len(customer)) < 0.25
        ratio = clusters.matched_ratio(flagged, event, rng.integers(0, 6, len(customer)), customer)
        rejected.append(ratio.p_value < 0.05)
        score = rng.normal(size=150)[customer] + rng.normal(size=len(customer))
        low, high = clusters.areas([score], event, customer).interval(0)
        areas_covered.append(low <= 0.5 <= high)
        walk = np.zeros((2, 24))
        for month in range(1, 24):
            walk[:, month] = 0.6 * walk[:, month - 1] + rng.normal(size=2)
        leads_found.append(indicators.lead(*walk).p_value < 0.05)
    print(f"{repeats} simulations of rows that share a customer, and of two months' series without relation")
    print(f"  the interval of a share covers the truth in {np.mean(covered):.1%}")
    print(f"  a warning without any effect has p < 0.05 in {np.mean(rejected):.1%}")
    print(f"  the interval of an area under the curve covers 0.5 in {np.mean(areas_covered):.1%}")
    print(f"  a series without relation “leads” in {np.mean(leads_found):.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--businesses", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=600)
    parser.add_argument("--seed", type=int, default=11)
    chosen = parser.parse_args()
    statistics(chosen.repeats, chosen.seed)
    home = Path(tempfile.mkdtemp(prefix="retention-early-warning-"))
    try:
        for kind in KINDS:
            verdicts(kind, home, chosen.businesses, chosen.seed)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
