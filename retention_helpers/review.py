"""The monthly review: the questions on one screen, what to do, and what became of earlier reports.

It puts together what the analyses measured; it measures nothing itself. Earlier reports are read from
their findings.json, never from the present data.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from retention_helpers import calendar, formats, lists, measures, months
from retention_helpers.business import Business
from retention_helpers.intervals import Change, rate

Tone = Literal["good", "bad", "open"]

DUE_DAYS = 7
HALF_A_MILLIONTH = 5e-7  # amounts have six decimals


@dataclass(frozen=True)
class Verdict:
    """A verdict in few words, and whether that is good news, bad news, or open."""

    text: str
    tone: Tone = "open"


@dataclass(frozen=True)
class Answer:
    """A question of the review with its number and basis, its interval, its verdicts, and what to do."""

    question: str
    number: str
    basis: str
    interval: str
    verdicts: tuple[Verdict, ...]
    do_now: str


COLUMNS = ("Question", "Number", "95 % interval", "Verdict", "Do now")


@dataclass(frozen=True)
class Answers:
    """The first screen: a row a question; cards where the screen is narrow."""

    caption: str
    rows: tuple[Answer, ...]

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        body = "\n".join(f"<tr>{_answer_cells(row)}</tr>" for row in self.rows)
        caption = formats.escaped(self.caption)
        return (
            f'<div class="table" role="region" tabindex="0" aria-label="{caption}">'
            f'<table class="answers"><caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n'
            f"<tbody>{body}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        lines = [
            f"{row.question} {row.number}, {row.basis} ({row.interval}); "
            f"{'; '.join(verdict.text for verdict in row.verdicts)}. {row.do_now}"
            for row in self.rows
        ]
        return "\n".join([self.caption, *lines])


def _answer_cells(row: Answer) -> str:
    verdicts = " ".join(
        f'<span class="verdict verdict-{verdict.tone}">{formats.escaped(verdict.text)}</span>'
        for verdict in row.verdicts
    )
    number = f'{formats.escaped(row.number)} <span class="basis">{formats.escaped(row.basis)}</span>'
    cells = [number, formats.escaped(row.interval), verdicts, formats.escaped(row.do_now)]
    labelled = zip(COLUMNS[1:], cells, strict=True)
    written = "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in labelled)
    return f'<th scope="row">{formats.escaped(row.question)}</th>{written}'


def answers(rows: Sequence[Answer], month: str) -> Answers:
    """The first screen of the review: a row a question."""
    return Answers(f"{formats.month(month)} at a glance", tuple(rows))


_NOTHING = Verdict("nothing to compare with yet")
_CHURN_TONES: dict[str, Tone] = {"rose": "bad", "fell": "good", "no clear change": "open"}
_STAY_TONES: dict[str, Tone] = {"rose": "good", "fell": "bad", "no clear change": "open"}


def _no_answer(question: str, because: str, do_now: str) -> Answer:
    return Answer(question, formats.MISSING, because, formats.MISSING, (_NOTHING,), do_now)


def churn_answer(churn: pd.DataFrame, target: float) -> Answer:
    """How many left, against last month, the same month last year, and the target."""
    now = churn.iloc[-1]
    question = "How many left?"
    if not now["customers_at_start"]:
        return _no_answer(question, "no customers at the month's start", "Nothing yet.")
    verdicts = [
        Verdict(
            f"{moved.verdict} since {formats.short_month(churn.iloc[-1 - back]['month'])}",
            _CHURN_TONES[moved.verdict],
        )
        for back in (1, 12)
        if (moved := measures.churn_change(churn, months_back=back)) is not None
    ]
    goal = measures.churn_target(churn, target)
    limit = formats.percent(goal.churn)
    do_now = (
        f"The target of {limit} is met: keep going."
        if goal.met
        else f"Keep {formats.count(goal.customers_away)} more, and the target of {limit} is met."
    )
    return Answer(
        question,
        formats.percent(now["churn_rate"]),
        f"{formats.count(now['lost'])} of {formats.plural(now['customers_at_start'], 'customer')}",
        formats.interval(now["churn_rate_low"], now["churn_rate_high"]),
        tuple(verdicts) or (_NOTHING,),
        do_now,
    )


def cohort_answer(parts: pd.DataFrame, change: Change | None) -> Answer:
    """Whether the latest cohorts stay through their first month as well as those before."""
    question = "Do newcomers stay?"
    if change is None or len(parts) < 2:
        return _no_answer(question, "too few cohorts past their first month", "Wait for more cohorts.")
    latest = parts.iloc[0]
    do_now = {
        "rose": "Find out what changed, and keep it.",
        "fell": "Look at what newcomers met in their first month.",
        "no clear change": "Nothing new to do.",
    }[change.verdict]
    return Answer(
        question,
        formats.percent(latest["rate"]),
        f"{formats.count(latest['retained'])} of {formats.count(latest['reached'])} past their first month",
        formats.interval(latest["rate_low"], latest["rate_high"]),
        (Verdict(f"{change.verdict} against earlier", _STAY_TONES[change.verdict]),),
        do_now,
    )


def money_answer(moved: pd.DataFrame, kept: pd.DataFrame, currency: str) -> Answer:
    """What became of the MRR at the start of the month."""
    now, shares = moved.iloc[-1], kept.iloc[-1]
    grew = now["mrr_at_end"] - now["mrr_at_start"]
    size = formats.money(abs(grew), currency)
    verdict = (
        Verdict(f"MRR grew by {size}", "good")
        if grew > 0
        else Verdict(f"MRR shrank by {size}", "bad")
        if grew < 0
        else Verdict("MRR stayed the same")
    )
    gained = now["new"] + now["reactivated"] + now["expansion"] + now["resumed"]
    return Answer(
        "What did it cost?",
        formats.money(now["churned"], currency),
        f"of MRR left; net retention {formats.percent(shares['net_revenue_retention'])}",
        "exact",
        (verdict,),
        "Nothing to do by itself: the losses below say whom to ask."
        if now["churned"]
        else f"Nothing: {formats.money(gained, currency)} came in.",
    )


def kinds_answer(kinds: pd.DataFrame) -> Answer:
    """Who ended it: the customer or the biller."""
    question = "Who ended it?"
    now = kinds.iloc[-1]
    if not now["lost"]:
        return Answer(question, formats.MISSING, "nobody left", formats.MISSING, (), "Nothing to do.")
    known = int(now["voluntary"] + now["involuntary"])
    if not known:
        return _no_answer(
            question, "nothing in the data says", "Bring cancellations, and ask those who left."
        )
    share = rate(int(now["involuntary"]), known)
    do_now = (
        "Look after failed payments first: most can be mended."
        if now["involuntary"]
        else "Ask those who decided to leave."
    )
    verdicts = [Verdict(f"{formats.count(now['voluntary'])} decided to leave")]
    if now["kind_unknown"]:
        verdicts.append(Verdict(f"{formats.count(now['kind_unknown'])} unknown"))
    return Answer(
        question,
        formats.percent(share.value),
        f"by the biller: {formats.count(now['involuntary'])} of {formats.count(known)}",
        formats.interval(share.low, share.high),
        tuple(verdicts),
        do_now,
    )


# --- actions ---------------------------------------------------------------------------------------

ACTION_COLUMNS = ("id", "what", "why", "notebook", "finding", "customers", "mrr", "due_on")


def actions(business: Business, *, past_due: pd.DataFrame, unexplained: pd.DataFrame) -> pd.DataFrame:
    """One row per thing to do this month, the largest MRR first.

    Columns: id (the same in every report), what, why, notebook, finding (the key in findings.json that
    gave rise to it), customers, mrr, due_on. A list of the customers stands in actions/ID.csv.
    """
    due = business.as_of + dt.timedelta(days=DUE_DAYS)
    found = [
        (
            "recover_payments",
            "Write to every customer whose payment is past due",
            "a failed payment is no decision to leave, and most can be mended",
            "measurement",
            "actions",
            past_due,
        ),
        (
            "ask_why",
            "Ask the customers who left without a reason why they did",
            "without an answer their loss teaches nothing",
            "measurement",
            "measurement.left",
            unexplained,
        ),
    ]
    rows = [
        (key, what, why, notebook, finding, len(people), sum(people["mrr"]), due)
        for key, what, why, notebook, finding, people in found
        if len(people)
    ]
    frame = pd.DataFrame(rows, columns=list(ACTION_COLUMNS))
    return frame.sort_values(["mrr", "id"], ascending=[False, True], ignore_index=True)


def shown_actions(todo: pd.DataFrame) -> pd.DataFrame:
    """The actions as the page shows them: what, why, customers, mrr, due_on, list (its file)."""
    shown = todo.assign(list="actions/" + todo["id"] + ".csv")
    return shown[["what", "why", "customers", "mrr", "due_on", "list"]]


def unexplained(lost: pd.DataFrame) -> pd.DataFrame:
    """The customers lost in the month who decided to leave, or may have, and gave no reason."""
    silent = lost["reason"].isna() & (lost["kind"] != "involuntary")
    return lost[silent].reset_index(drop=True)


# --- earlier reports -------------------------------------------------------------------------------


def earlier_reports(reports: str, business: Business) -> dict[str, dict[str, Any]]:
    """The findings of earlier months' reports of this business, by month; empty where there are none.

    A folder without findings.json, with one that cannot be read, or with one of another business is passed
    over.
    """
    if not reports or not Path(reports).is_dir():
        return {}
    found = {}
    for path in sorted(Path(reports).glob("[12]*-[01]*/findings.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        month = record.get("month", "") if isinstance(record, dict) else ""
        is_ours = record.get("business") == business.identity if isinstance(record, dict) else False
        if is_ours and month == path.parent.name and month < business.month:
            found[month] = record
    return found


def compared(earlier: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What earlier reports measured, by month; those that failed before they measured are left out."""
    measured = {month: record.get("measurement") for month, record in earlier.items()}
    return {month: found for month, found in measured.items() if isinstance(found, dict)}


def restated(earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per number that an earlier report gave otherwise: month, number, then, now.

    Compares the movement of customers, who ended it, and the movement of MRR.
    """
    kinds = measures.churn_kinds(business).drop(columns="lost")
    customers = measures.customer_movement(business).merge(kinds, on="month").to_dict(orient="records")
    mrr = measures.mrr_movement(business).to_dict(orient="records")
    money = {formats.iso_month(row["month"]): row for row in mrr}
    rows = []
    for now in customers:
        month = formats.iso_month(now.pop("month"))
        then = compared(earlier).get(month, {})
        amounts = {name.removeprefix("mrr_"): amount for name, amount in money[month].items()}
        pairs: list[tuple[str, Any, float]] = [
            (formats.label(key), then.get(key), int(value)) for key, value in now.items()
        ]
        pairs += [
            (f"MRR {key.replace('_', ' ')}", (then.get("mrr") or {}).get(key), float(value))
            for key, value in amounts.items()
            if key != "month"
        ]
        rows += [
            (month, name, before, after)
            for name, before, after in pairs
            if before is not None and abs(before - after) > HALF_A_MILLIONTH
        ]
    return pd.DataFrame(rows, columns=["month", "number", "then", "now"]).astype({"then": "object"})


def became_of(reports: str, earlier: dict[str, dict[str, Any]], business: Business) -> pd.DataFrame:
    """One row per action of last month's report: how many of its customers are customers now.

    Columns: id, what, customers, still_customers (at the end of the report month). Without a report of
    last month there is no row.
    """
    last = formats.iso_month(calendar.months_after(business.report_month, -1))
    rows = months.kept_customer_months(business)
    now = rows.filter((rows.month == business.report_month) & (rows.state_at_end != "none"))
    found = []
    for action in earlier.get(last, {}).get("actions", []):
        ids = lists.listed_customers(Path(reports) / last / "actions" / f"{action['id']}.csv")
        if ids:
            still = now.filter(now.customer_id.isin(sorted(ids))).count().execute()
            found.append((action["id"], action["what"], len(ids), int(still)))
    return pd.DataFrame(found, columns=["id", "what", "customers", "still_customers"])
