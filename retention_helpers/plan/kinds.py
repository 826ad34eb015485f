"""The month's plan as its owner reads it: a row a touch, a row a kind of action, and who was left out."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.early_warning import AFTER_ASKING, HORIZON_DAYS, expected_range
from retention_helpers.plan.actions import ACTIONS, EXPERIMENT
from retention_helpers.plan.days import A_WEEK, working_days
from retention_helpers.plan.deciding import CAUSES
from retention_helpers.plan.gathering import Month
from retention_helpers.plan.margin import SMALLEST_EFFECT, WAYS
from retention_helpers.shown.proposals import CALL, LETTER
from retention_helpers.shown.units import (
    CODE,
    COUNT,
    DAY,
    MONEY,
    POINTS,
    SHARE,
    TENTHS,
    TEXT,
    columns,
    names_of,
    one_of,
)
from retention_helpers.statistics.power import POWER
from retention_helpers.words import formats

PLACED = [*ACTIONS][:2]  # before the orders about experiments
LIST = "../plan.xlsx"
ACTION = one_of(*ACTIONS, EXPERIMENT)


@columns(
    customer_id=TEXT.or_null("Customer"), action=ACTION, way=one_of(CALL, LETTER).or_null, due_on=DAY("By"),
    mrr=MONEY.or_null, why=TEXT, leaves_on=DAY.or_null, risk=SHARE,
    instead=TEXT.or_null(is_shown=False, is_recorded=False),
)  # fmt: skip
def touches(business: Business, month: Month) -> pd.DataFrame:
    """One row per touch of the month, the most urgent first, and one per order about an experiment.

    An order has no customer, way or mrr. `risk` is the chance of asking or leaving within the horizon if
    nothing is done, where it is told; `instead` why a letter stands in place of a call, as of `Decided`.

    Glossary: plan of the month.
    """
    done = month.decided.touches[names_of(touches)]
    within_a_week = working_days(business.as_of)[A_WEEK - 1]
    orders = month.orders.assign(
        customer_id=None,
        action=EXPERIMENT,
        way=None,
        due_on=within_a_week,
        mrr=None,
        leaves_on=None,
        risk=None,
        instead=None,
    )
    orders = orders.assign(why=orders["what"] + " (" + orders["why"] + ")")
    is_first = done["action"].isin(PLACED)
    parts = [done[is_first], orders[names_of(touches)], done[~is_first]]
    return pd.concat([part.astype("object") for part in parts], ignore_index=True)


@columns(action=ACTION, cause=CODE, customers=COUNT)
def held(month: Month) -> pd.DataFrame:
    """One row per action and cause: how many customers it was proposed for and does not reach.

    Who has another touch this month is counted as such; a customer may stand in several actions.

    Glossary: left out of the plan.
    """
    counted = month.decided.held.groupby(["action", "cause"], sort=False).size().reset_index(name="customers")
    order = {key: place for place, key in enumerate([*ACTIONS, *CAUSES])}
    return counted.sort_values(
        ["action", "cause"], key=lambda keys: keys.map(order), ignore_index=True
    ).reindex(columns=names_of(held))


@columns(
    id=TEXT.within(pattern="^[a-z_]+$")(is_shown=False),
    what=TEXT,
    why=TEXT,
    notebook=TEXT(is_shown=False),
    finding=TEXT(is_shown=False),
    customers=COUNT,
    calls=COUNT,
    mrr=MONEY.or_null("Their MRR"),
    due_on=DAY.or_null("From"),
    until=DAY.or_null("Until"),
    list=TEXT(is_recorded=False),
)
def actions(business: Business, month: Month) -> pd.DataFrame:
    """One row per kind of action, in the order of the plan, with its one number why; none for nobody.

    `mrr` is at stake: that of its customers, not what the action saves. An order about an experiment has no
    customers; the first stands before those at risk, further ones after everybody, so that many of them hide
    nobody. `due_on` is the first day of its touches, `until` the last.

    Glossary: at stake.
    """
    done = month.decided.touches
    week = working_days(business.as_of)
    rows = {key: _kind(month, key, own) for key in ACTIONS if len(own := done[done["action"] == key])}
    orders = [
        (
            EXPERIMENT,
            row.what,
            row.why,
            "experiments",
            "experiments",
            0,
            0,
            None,
            week[0],
            week[A_WEEK - 1],
            "",
        )
        for row in month.orders.itertuples()
    ]
    first = [rows[key] for key in PLACED if key in rows]
    later = [row for key, row in rows.items() if key not in PLACED]
    return pd.DataFrame([*first, *orders[:1], *later, *orders[1:]], columns=names_of(actions))


@columns(
    way=one_of(*WAYS)("Who is called"), due=COUNT, called=COUNT, drawn=COUNT("Drawn now"), until=DAY.or_null,
    baseline=SHARE.or_null("Stay without a call"), smallest_effect=SHARE(is_shown=False),
    power=SHARE(is_shown=False), needed=COUNT("Needed an arm"),
    months=TENTHS.or_null("Months to the answer"), treated=COUNT("Called, and judged"),
    control=COUNT("Not called, and judged"), effect=POINTS.interval("Stay more"),
    verdict=TEXT.or_null,
)  # fmt: skip
def by_lot(month: Month) -> pd.DataFrame:
    """One row: which places of the calls to customers at risk a lot gave, and what is known of their effect.

    `due` are due for a call, `called` are called, half of the `drawn`. `effect` is how many more of those
    who were called at the margin had not asked or left by the outcome's day, against what the others got;
    with the interval of the look. Nothing of it is known before the first have come to that day.

    Glossary: what a call saves.
    """
    one = month.margin
    drawn = bool(one.arms)
    found = one.found
    seen = [0, 0] if found is None else [int(found["treated_customers"]), int(found["control_customers"])]
    effect = [None] * 3 if found is None else [found[f"effect{end}"] for end in ("", "_low", "_high")]
    row = (
        one.way, one.due, one.called, len(one.arms), one.until if drawn else None,
        one.baseline, SMALLEST_EFFECT, POWER, one.needed, one.months, *seen, *effect,
        None if found is None else found["verdict"],
    )  # fmt: skip
    return pd.DataFrame([row], columns=names_of(by_lot))


_FROM = {
    "recover_payment": ("churn_reasons", "reasons.failed_payments_together"),
    "keep": ("early_warning", "scheduled"),
    "at_risk": ("early_warning", "at_risk"),
    "trial": ("measurement", "trials.ending"),
    "buyer": ("repeat_purchase", "orders.overdue"),
    "silent": ("win_back_and_loyalty", "win_back.away"),
    "win_back": ("win_back_and_loyalty", "win_back.standing"),
    "detractor": ("win_back_and_loyalty", "loyalty.detractors"),
    "pause": ("win_back_and_loyalty", "win_back.paused_now"),
    "thank": ("win_back_and_loyalty", "loyalty.thanks"),
    "board": ("win_back_and_loyalty", "loyalty.board"),
    "recommend": ("win_back_and_loyalty", "loyalty.recommend"),
    "grow": ("win_back_and_loyalty", "loyalty.might_grow"),
    "interview": ("churn_reasons", "reasons.interviews"),
}


_ALWAYS = {
    "detractor": "they gave 6 or less and nobody has asked why: called to learn it, not as customers at risk",
    "buyer": "silent for far longer than is usual for them",
    "pause": "pauses here last as long in the median",
    "win_back": "five mails each, ready in actions/win_back.csv",
    "thank": "an anniversary, a milestone, or long without a word",
    "board": "value × use × answers given",
    "recommend": "they brought others, or gave 9 or 10",
    "grow": "they use it as those of the next plan do",
}


_DRAW = "; run “draw {}” on the day you mail them, or the next plan names them again"
_UNTOLD = {"at_risk": "they show what leavers showed before; too few left so far to say how many will"}


def _kind(month: Month, key: str, own: pd.DataFrame) -> tuple[object, ...]:
    calls = int((own["way"] == CALL).sum())
    what = ACTIONS[key].what(calls, len(own) - calls)
    notebook, finding = _FROM.get(key, ("monthly_review", "plan"))
    days: Sequence[dt.date] = list(own["due_on"])
    known = [amount for amount in own["mrr"] if not pd.isna(amount)]
    money = sum(known, Decimal(0)) if known else None
    why = _why(month, key, own)
    return key, what, why, notebook, finding, len(own), calls, money, min(days), max(days), LIST


def _why(month: Month, key: str, own: pd.DataFrame) -> str:
    """The one number why."""
    if key == "recover_payment":
        paid, failed = (formats.count(many) for many in month.paid_anyway)
        if not month.paid_anyway[1]:
            return "a failed payment is no decision to leave"
        return f"{paid} of {failed} were paid anyway"
    if key == "keep":
        return when_they_leave(own)
    if key == "trial":
        return f"the first ends on {min(own['leaves_on']).day} {min(own['leaves_on']):%B}"
    if key == "interview":
        silent = int(own["why"].str.endswith("gave no reason").sum())
        return f"{formats.count(silent)} of {formats.count(len(own))} gave no reason"
    told = _ALWAYS.get(key) or _expected(month, key, own["risk"].dropna().astype(float), len(own))
    return told + (_DRAW.format(key) if ACTIONS[key].is_campaign else "")


def when_they_leave(own: pd.DataFrame) -> str:
    """The first day on which one of those who asked leaves; where none is known, what their rows say."""
    ends = [day for day in own["leaves_on"] if not pd.isna(day)]
    if ends:
        return f"the first leaves on {min(ends).day} {min(ends):%B}"
    many = {words: int(own["why"].str.endswith(words).sum()) for words in AFTER_ASKING}
    words, most = max(many.items(), key=lambda pair: pair[1])
    of = "" if most == len(own) else f"{formats.count(most)} of {formats.count(len(own))}: "
    return of + words.removeprefix("; ")


def _expected(month: Month, key: str, risks: pd.Series, of: int) -> str:
    if risks.empty:
        return _UNTOLD.get(key, "proposed by its page")
    low, high = expected_range(risks, month.level)
    whom = "of them" if len(risks) == of else f"of {formats.plural(len(risks), 'customer')} with a known risk"
    return (
        f"{whom} about {formats.number(risks.sum(), 1)} ({formats.count(low)}–{formats.count(high)}) "
        f"ask or leave within {HORIZON_DAYS} days if nothing is done"
    )
