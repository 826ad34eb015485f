"""Whom to speak to, why, and what to say: the customers at risk, with a play and a message for each."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from retention_helpers.business import Business, levels
from retention_helpers.business.contacts import LATELY_CONTACTED_DAYS, last_contacts
from retention_helpers.business.people import rows_of
from retention_helpers.contract import settings
from retention_helpers.early_warning.level import expected_range
from retention_helpers.early_warning.lifecycle import is_at_risk, stage_of
from retention_helpers.early_warning.reasons import reasons
from retention_helpers.early_warning.risk import Risk
from retention_helpers.early_warning.snapshots import kept_snapshots, snapshots_now
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    MONEY,
    NUMBER,
    SHARE,
    TEXT,
    YES_NO,
    Unit,
    columns,
    names_of,
    several,
)
from retention_helpers.statistics.clusters import Booleans
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError

EVERYBODY: Mapping[str, str] = {}
ID, NAME = TEXT("Customer"), TEXT.or_null(is_optional=True)  # a name only where the owner set `show_names`
LISTED = Unit(", ".join, several(TEXT), is_number=False)


@dataclass(frozen=True)
class Play:
    """A way to keep a customer: its name, what to do, for whom, and a message to start from."""

    name: str
    what: str
    for_whom: str
    message: str

    @property
    def key(self) -> str:
        """Its name in `play_experiments`."""
        return self.name.replace(" ", "_").replace("-", "_")


PLAYS = {
    play.name: play
    for play in (
        Play(
            "personal outreach",
            "Call, or write by hand. Never an automated mail",
            "high value; a complaint or a low score",
            "Hello, I wanted to hear from you in person how {business} is working out. Is there something "
            "that we should do better? I have time for a call this week.",
        ),
        Play(
            "payment help",
            "Say that the payment failed, and how to mend it",
            "a failed payment",
            "Hello, your last payment for {business} did not go through. Nothing is lost: a new card or "
            "another date puts it right. Shall I send you the link?",
        ),
        Play(
            "usage reminder",
            "Remind them of what waits for them",
            "no login for a while",
            "Hello, we have not seen you in {business} for {silent}. Is something in the way? Answer this "
            "mail, and I will help you to pick up where you stopped.",
        ),
        Play(
            "feature discovery",
            "Show one thing that saves them time",
            "less use than before; a customer who is still new",
            "Hello, may I show you one thing in {business} that others like you use every week? It takes ten "
            "minutes, and I will set it up with you.",
        ),
        Play(
            "last-resort offer",
            "Offer a pause, a smaller plan or a month on the house",
            "contacted lately, and still at risk",
            "Hello, before you decide: you could pause {business} for a month, or move to a smaller plan. "
            "Tell me which would suit you, and I will arrange it.",
        ),
    )
}


ALSO_FAILED = "Your last payment did not go through, by the way; I can send you the link to mend it."


assert tuple(play.key for play in PLAYS.values()) == settings.PLAYS


def _play(row: Mapping[str, Any], high_value_mrr: Decimal) -> str:
    """The play for a customer: the most personal one that fits."""
    on = set(row["warnings"])
    if row["mrr"] >= high_value_mrr or on & {"negative_ticket", "nps_detractor"}:
        return "personal outreach"
    if "failed_payment" in on:
        return "payment help"
    if row["contacted_lately"]:
        return "last-resort offer"
    return "usage reminder" if on & {"no_login_7_days", "no_login_30_days"} else "feature discovery"


@columns(
    customer_id=ID,
    name=NAME,
    risk=SHARE,
    mrr=MONEY.or_null,
    mrr_expected=MONEY.or_null("Expected loss"),
    plan=TEXT(is_shown=False),
    stage=TEXT(is_shown=False),
    tenure_days=COUNT(is_shown=False),
    warnings=LISTED(key="signals", is_shown=False),
    why=TEXT,
    play=TEXT,
    contacted_on=DAY.or_null,
    contacted_for=TEXT.or_null(is_shown=False),
    contacted_lately=YES_NO(is_shown=False, is_recorded=False),
    message=TEXT(is_shown=False, is_recorded=False),
)
def at_risk(
    business: Business,
    risk: Risk,
    *,
    within: Mapping[str, str] = EVERYBODY,
    but: Collection[str] = (),
) -> pd.DataFrame:
    """One row per customer at risk who has not asked to cancel, the largest expected loss first.

    `risk` is the chance of asking or leaving within the horizon, `mrr_expected` that chance times MRR.
    `stage` is the one of their age, `warnings` names those that are on, `why` says in words what speaks for
    the risk. Whom of them to speak to this month says the plan. `within` narrows the list to a level of one
    of `levels.names`, or of several: {"first_plan": "team"}; `but` leaves customers out.

    Glossary: at risk; expected loss.
    """
    people = _known_of(business, risk, within, but)
    ordered = people.sort_values(
        ["mrr_expected", "risk", "customer_id"], ascending=[False, False, True], ignore_index=True
    )
    rows = ordered.to_dict(orient="records")
    ordered["play"] = [_play(row, business.settings.high_value_mrr) for row in rows]
    ordered["message"] = [
        _message(business, play, row) for play, row in zip(ordered["play"], rows, strict=True)
    ]
    return _named(business, ordered[[name for name in names_of(at_risk) if name != "name"]])


def who_is_at_risk(business: Business, risk: Risk) -> list[str]:
    """The customers of `at_risk` alone, in the order of their ids, for a moment's work even of very many."""
    rows = snapshots_now(business)
    return sorted(rows.loc[is_at_risk(rows, risk.now, risk), "customer_id"])


def _is_within(business: Business, rows: pd.DataFrame, within: Mapping[str, str]) -> Booleans:
    """Which of these rows are of customers of these levels."""
    inside = np.ones(len(rows), dtype=bool)
    for by in levels.chosen(business, tuple(within)):
        told = levels.of(business, by).execute()
        if within[by] not in (known := sorted(told["level"].unique())):
            raise InputError(f"No customer has {within[by]} as {by}, only {', '.join(known)}.")
        inside &= rows["customer_id"].isin(told.loc[told["level"] == within[by], "customer_id"])
    return inside


def _known_of(
    business: Business, risk: Risk, within: Mapping[str, str], but: Collection[str]
) -> pd.DataFrame:
    """What is known of everybody at risk: risk, warnings, money, the latest contact."""
    rows = snapshots_now(business)
    chosen = is_at_risk(rows, risk.now, risk) & _is_within(business, rows, within)
    chosen &= ~rows["customer_id"].isin(list(but)).to_numpy()
    people = rows[chosen].assign(risk=risk.now[chosen])
    on = {rule.name: rule.is_on(people) for rule in risk.rules}
    people["warnings"] = [[name for name in on if on[name][place]] for place in range(len(people))]
    knows_days = business.knows("days")
    people["why"] = reasons(people, risk, knows_days=knows_days)
    nobody = np.zeros(len(people), dtype=bool)
    people["stage"] = stage_of(people.assign(is_scheduled=False), nobody, knows_days=knows_days)
    contacts = last_contacts(business).rename(columns={"kind": "contacted_for"})
    amounts = _amounts(business, people["customer_id"])
    wide = people.merge(amounts, on="customer_id").merge(contacts, on="customer_id", how="left")
    expected = [
        amount * Decimal(str(chance)) for amount, chance in zip(wide["mrr"], wide["risk"], strict=True)
    ]
    return wide.assign(
        tenure_days=wide["tenure_days"].astype("int64"),
        contacted_lately=(wide["days_ago"] < LATELY_CONTACTED_DAYS).astype(bool),
        mrr_expected=[amount.quantize(Decimal("0.01")) for amount in expected],
    )


def _named(business: Business, people: pd.DataFrame) -> pd.DataFrame:
    """With the name beside the id, where the owner set `show_names` and brought one."""
    customers = business.table("customers")
    if not business.settings.show_names or "name" not in customers.columns:
        return people
    names = customers.select("customer_id", "name").distinct(on="customer_id").execute()
    place = people.columns.get_loc("customer_id") + 1
    named = people["customer_id"].map(dict(zip(names["customer_id"], names["name"], strict=True)))
    people.insert(place, "name", named)
    return people


def _amounts(business: Business, who: Iterable[str]) -> pd.DataFrame:
    table = kept_snapshots(business)
    now = table.filter(table.as_of == business.as_of).select("customer_id", "mrr", "plan")
    return rows_of(now, who).execute()


@columns(
    play=TEXT,
    what=TEXT,
    for_whom=TEXT,
    customers=COUNT,
    mrr=MONEY.or_null,
    expected_left=NUMBER("Expected to leave"),
    mrr_expected=MONEY.or_null(is_shown=False),
    saved_low=NUMBER("Saves at least"),
    saved_high=NUMBER("Saves at most"),
    measured_by=TEXT.or_null(is_shown=False),
)
def plays(business: Business, people: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """One row a play that somebody at risk is to have: what to do, for how many, and what it can save.

    `expected_left` is the number of them who will ask or leave within the horizon if nothing is done: the sum
    of their risks. A play saves between none and all of these, unless the setting `play_experiments` names a
    randomised experiment that measured it: then its customers times the ends of that effect. Takes the
    comparisons of `experiments.read`.

    Glossary: play.
    """
    named, records = business.settings.play_experiments, []
    for play in PLAYS.values():
        own = people[people["play"] == play.name]
        if own.empty:
            continue
        expected, measured_by = float(own["risk"].sum()), named.get(play.key)
        effect = _effect(comparisons, measured_by)
        saved = (0.0, expected) if effect is None else tuple(len(own) * end for end in effect)
        money = [sum(own[column], Decimal(0)) for column in ("mrr", "mrr_expected")]
        records.append((play.name, play.what, play.for_whom, len(own), money[0], expected, money[1], *saved,
                        None if effect is None else measured_by))  # fmt: skip
    return pd.DataFrame(records, columns=names_of(plays))


def _effect(comparisons: pd.DataFrame, experiment: str | None) -> tuple[float, float] | None:
    """The ends of an experiment's effect, the share of its customers whom it keeps; None without one."""
    is_share = comparisons["outcome_kind"] != "revenue"
    own = comparisons[is_share & (comparisons["experiment"] == experiment)]
    own = own.dropna(subset=["effect_low", "effect_high"])
    return None if own.empty else (float(own["effect_low"].iloc[0]), float(own["effect_high"].iloc[0]))


def totals(
    business: Business, judged: pd.DataFrame, people: pd.DataFrame, asked: pd.DataFrame, risk: Risk
) -> dict[str, dict[str, Any] | None]:
    """The sums that sentences and the first screen state, of `back_test`, `at_risk` and `scheduled`.

    Without cancellations it is not known who asked: `scheduled` is None. Where no warning counts it is not
    known who is at risk: `at_risk` is None.
    """
    leaving = asked[asked["standing"] == "leaving"]
    low, high = expected_range(people["risk"], risk.level)
    return {
        "at_risk": {
            "customers": len(people),
            "mrr": sum(people["mrr"], Decimal(0)),
            "expected_left": float(people["risk"].sum()),
            "expected_low": low,
            "expected_high": high,
            "mrr_expected": sum(people["mrr_expected"], Decimal(0)),
        }
        if risk.counted
        else None,
        "scheduled": {
            "customers": len(leaving),
            "mrr": sum(leaving["mrr"], Decimal(0)),
            "asked_and_stayed": len(asked) - len(leaving),
        }
        if business.has("cancellations")
        else None,
        "verdicts": judged["verdict"].value_counts().to_dict(),
    }


def _message(business: Business, play: str, row: Mapping[str, Any]) -> str:
    silent = formats.plural(int(row["silent_days"]), "day") if row["silent_days"] > 1 else "a while"
    said = PLAYS[play].message.format(business=business.name, silent=silent)
    has_failed = "failed_payment" in row["warnings"] and play != "payment help"
    return f"{said} {ALSO_FAILED}" if has_failed else said
