"""The part `reasons` of findings.json."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from retention_helpers.churn_reasons import Period
from retention_helpers.churn_reasons.did import FEWEST_DAYS, USE_DAYS, Usual
from retention_helpers.churn_reasons.said.sentences import hardly_used
from retention_helpers.shown.records import rate_of
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words import formats

COUNTS = ("lost", "involuntary", "not_asked", "not_answered", "answered", "decided")


def record(
    *,
    heard: pd.DataFrame,
    when: Period,
    beside: Period,
    tables: Mapping[str, pd.DataFrame],
    moved: Mapping[str, pd.DataFrame],
    typical: Usual,
    unspoken: Rate,
    interviewed: int,
    texts: Mapping[str, str],
) -> dict[str, Any]:
    """From the tables of the notebook about reasons, by their names.

    `moved` holds the change of "month", "quarter" and the months "shown", `texts` what is ready to be pasted.
    """
    month = heard.iloc[0]
    trend = {name: dict(zip(rows["reason"], rows["verdict"], strict=True)) for name, rows in moved.items()}
    return {
        **{name: month[name] for name in COUNTS},
        "asked": month["decided"] - month["not_asked"],
        "coverage": [_coverage(row) for row in _rows(heard)],
        "silent": [_parts(row, "silent_share", "silent", "decided") for row in _rows(tables["silent"])],
        "top": [_top(row, trend["month"]) for row in _rows(tables["month"])],
        "shown": {**_ends(when), "top": [_top(row, trend["shown"]) for row in _rows(tables["shown"])]},
        "last_12_months": {
            "answered": heard["answered"].iloc[-1],
            "top": [_top(row, {}) for row in _rows(tables["last_12_months"])],
        },
        "beside": {**_ends(beside), "top": [_top(row, {}) for row in _rows(tables["beside"])]},
        "unmapped": tables["unmapped"],
        "change": {name: [_change(row) for row in _rows(rows)] for name, rows in moved.items()},
        "over_time": [_parts(row, "share", "customers", "answered") for row in _rows(tables["over_time"])],
        "depends_on": tables["depends_on"],
        "by_group": [_parts(row, "share", "customers", "answered") for row in _rows(tables["by_group"])],
        "use": _use(tables["said_and_did"], typical),
        "claims": [_claim(row) for row in _rows(tables["claims"])],
        "contradictions": tables["contradictions"],
        "comments": {
            "written": tables["themes"]["written"].iloc[0],
            "in_a_theme": tables["themes"]["written"].iloc[0] - tables["themes"]["comments"].iloc[-1],
            "latest": tables["latest"],
        },
        "themes": [_parts(row, "share", "comments", "written") for row in _rows(tables["themes"])],
        "phrases": tables["phrases"],
        "requests": tables["requests"],
        "requests_unspoken": unspoken,
        "involuntary_causes": [
            {**_paid_again(row), "mrr_lost": _amount(row, "mrr_lost")} for row in _rows(tables["involuntary"])
        ],
        "failed_payments": [_paid_again(row) for row in _rows(tables["failed_payments"])],
        "failed_payments_together": _paid_again(_rows(tables["recovered"])[0]),
        "plays": [
            {**_rest(row, "mrr_a_month"), "mrr_a_month": _amount(row, "mrr_a_month")}
            for row in _rows(tables["plays"])
        ],
        "interviews": tables["interviews"],
        "interviews_mrr": sum(tables["interviews"]["mrr"]),
        "interviewed_in_12_months": interviewed,
        "enough_interviews": tables["enough"],
        "texts": dict(texts),
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dict(orient="records")


def _ends(when: Period) -> dict[str, Any]:
    first, last = formats.iso_month(when.first), formats.iso_month(when.last)
    return {"first_month": first, "last_month": last, "months": when.months}


def _rest(row: dict[str, Any], rate_name: str, *also: str) -> dict[str, Any]:
    """The fields of a row that are no part of its rate; months as months."""
    parts = {rate_name, f"{rate_name}_low", f"{rate_name}_high", *also}
    rest = {name: value for name, value in row.items() if name not in parts}
    months = {name for name in ("month", "first_month", "last_month") if name in rest}
    return {**rest, **{name: formats.iso_month(rest[name]) for name in months}}


def _parts(row: dict[str, Any], rate_name: str, numerator: str, denominator: str) -> dict[str, Any]:
    rest = _rest(row, rate_name, numerator, denominator, "mrr_lost_low", "mrr_lost_high")
    return {**rest, "share": rate_of(row, rate_name, numerator, denominator)}


def _paid_again(row: dict[str, Any]) -> dict[str, Any]:
    return _parts(row, "paid_again_share", "paid_again", "judged")


def _coverage(row: dict[str, Any]) -> dict[str, Any]:
    """With the shares that the first screen states beside the answers."""
    said = rate_of(row, "answered_share", "answered", "decided")
    rest = {**_rest(row, "answered_share"), "answered_share": said}
    return {
        **rest,
        "involuntary_share": rate(int(row["involuntary"]), int(row["lost"])),
        "silent_share": rate(int(row["decided"] - row["answered"]), int(row["decided"])),
    }


def _use(did: pd.DataFrame, typical: Usual) -> dict[str, Any]:
    return {
        "days": USE_DAYS,
        "fewest_days": FEWEST_DAYS,
        "days_a_week": typical.days_a_week,
        "kinds": typical.kinds,
        "customers": typical.customers,
        "hardly": hardly_used(did),
        "by_reason": [_parts(row, "hardly_share", "hardly", "customers") for row in _rows(did)],
    }


def _claim(row: dict[str, Any]) -> dict[str, Any]:
    others = rate(int(row["others_contradicting"]), int(row["others"]))
    rest = _parts(row, "contradicting_share", "contradicting", "customers")
    return {**_rest(rest, "others_share", "others_contradicting"), "others": others}


def _amount(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}


def _top(row: dict[str, Any], trend: Mapping[str, str]) -> dict[str, Any]:
    return {
        "reason": row["reason"],
        "count": row["customers"],
        "share": row["share"],
        "low": row["share_low"],
        "high": row["share_high"],
        "at_least": row["at_least_share"],
        "at_most": row["at_most_share"],
        "mrr_lost": row["mrr_lost"],
        "mrr_lost_low": row["mrr_lost_low"],
        "mrr_lost_high": row["mrr_lost_high"],
        "mrr_share": row["mrr_share"],
        "mrr_share_low": row["mrr_share_low"],
        "mrr_share_high": row["mrr_share_high"],
        "trend": trend.get(row["reason"]),
    }


def _change(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "reason": row["reason"],
        "now": rate_of(row, "share", "customers", "answered"),
        "before": rate_of(row, "before_share", "customers_before", "answered_before"),
        "value": row["share_change"],
        "low": row["share_change_low"],
        "high": row["share_change_high"],
        "verdict": row["verdict"],
    }
