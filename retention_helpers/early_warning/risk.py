"""One risk: how likely each customer is to ask or leave within the horizon, and how good that number is.

A logistic hazard with a ridge penalty, learned from the month ends whose outcome was known at the time and
tested on the later half of the past, month by month. It is used only where it ranks better than the two
things an owner could do without it; else the risk is the share that left among customers with as many
warnings. Either is set to the level of the latest months (`level`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from retention_helpers.business import Business
from retention_helpers.early_warning.level import FEWEST_LEFT, Level, level_by, recalibrated
from retention_helpers.early_warning.past import Past, back_test, past
from retention_helpers.early_warning.rules import STARTING_POINTS, Rule, usable
from retention_helpers.early_warning.snapshots import HORIZON_DAYS, snapshots
from retention_helpers.shown.units import (
    COUNT,
    MONEY,
    NUMBER,
    RATE,
    SHARE,
    TEXT,
    TIMES,
    columns,
    names_of,
)
from retention_helpers.statistics.clusters import (
    Areas,
    Booleans,
    Floats,
    Integers,
    areas,
    clustered_rate,
)
from retention_helpers.statistics.intervals import Rate

PENALTY = 0.03  # scikit-learn's C: the smaller, the closer to the base rate
MOST_ROWS = 200_000  # to learn from; beyond, every second, third, … customer
TWICE = 2.0  # times the usual risk: at risk
PRIOR_ROWS = 20  # customers at the base rate that a share of few is mixed with
OLDEST, FIRST_WEEK = 180, 7  # days since sign-up
TOP_SHARES = (0.05, 0.1, 0.2)
GROUPS = 5  # of equal size, by predicted risk
LEFT_WITHIN = f"Left within {HORIZON_DAYS} days"
LEFT_RATE = RATE(LEFT_WITHIN, of=("left", "customers"), key="left")

LogOdds = Callable[[Booleans], Floats]  # of the chosen rows of the past
Way = Callable[[Booleans], LogOdds | None]  # learns from the chosen rows; None where they are too few


class Learned(NamedTuple):
    """A fitted hazard: what each column is centred at and divided by, its weight, and the log odds of all."""

    centre: Floats
    scale: Floats
    weights: Floats
    intercept: float

    def parts(self, features: Floats) -> Floats:
        """What each column adds to a customer's log odds, against the average customer."""
        return (features - self.centre) / self.scale * self.weights

    def log_odds(self, features: Floats) -> Floats:
        return np.asarray(self.intercept + self.parts(features).sum(axis=1))

    def risk(self, features: Floats) -> Floats:
        return _rounded(self.log_odds(features))


def _rounded(log_odds: Floats) -> Floats:
    return np.round(special.expit(log_odds), 6)


@dataclass(frozen=True)
class Tested:
    """The later half of the past, predicted month by month from what was known by then.

    `rows` has a row a customer a month end: customer, nth, left, risk, warnings (how many were on), silence.
    """

    rows: pd.DataFrame
    areas: Areas  # of risk, warnings, silence
    precision: tuple[float, float, float]  # average precision of the same three


@dataclass(frozen=True)
class Risk:
    """How the risk is told, and the risk of every open row of `snapshots`.

    Attributes:
        way: "model", or "warnings": the share that left among customers with as many warnings on. rules: the
            warnings that the data can raise. counted: those of them that put a customer at risk: the ones
            that deserve belief, or the starting points where none does and they could not be tested. base:
            the share that left within the horizon, of everybody at every past month end. tested: the model
            against its baselines; None where there was too little to learn from. learned: the model that
            scores the present, at the level of the latest months; None unless way is "model". values: the
            risk of each row of `snapshots`; NaN where the customer does not pay, has asked, or where it could
            not be told without looking ahead. now: the same of each row of `snapshots_now`. history: a row a
            customer a tested month end: nth, as_of, known_on (the day from which the outcome is known),
            before (the risk as learned), risk (at the level of the months known then), left, is_listed (would
            be at risk by it). level: how far off the number who leave may be.
    """

    way: str
    rules: tuple[Rule, ...]
    counted: tuple[Rule, ...]
    base: Rate
    tested: Tested | None
    learned: Learned | None
    values: Floats
    now: Floats
    history: pd.DataFrame
    level: Level

    @property
    def at_risk_from(self) -> float:
        return TWICE * self.base.value


def feature_names(rules: Sequence[Rule]) -> list[str]:
    return [*(rule.name for rule in rules), "silence", "use_lost", "age_log", "age_first_week", "is_yearly"]


def features(rows: pd.DataFrame, rules: Sequence[Rule]) -> Floats:
    """A row a customer a month end: the warnings, how long silent and how much use is lost, age, billing.

    Age counts by its logarithm and no longer than half a year: a business whose past is short has seen nobody
    older, and may not guess how they fare.
    """
    tenure = rows["tenure_days"].to_numpy(dtype=float)
    silence = np.log1p(rows["silent_days"].clip(lower=0).fillna(0).to_numpy(dtype=float))
    lost = 1 - rows["use_ratio"].clip(upper=1).fillna(1).to_numpy(dtype=float)
    columns = [rule.is_on(rows) for rule in rules]
    columns += [silence, lost, np.log1p(np.minimum(tenure, OLDEST)), tenure <= FIRST_WEEK, rows["is_yearly"]]
    return np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)


def learn(wide: Floats, left: Booleans) -> Learned:
    """The hazard with a ridge penalty that fits best."""
    from sklearn.linear_model import LogisticRegression

    centre, scale = wide.mean(axis=0), wide.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    fit = LogisticRegression(C=PENALTY, solver="newton-cholesky", max_iter=100)
    fit.fit((wide - centre) / scale, left)
    return Learned(centre, scale, fit.coef_[0], float(fit.intercept_[0]))


def _taught(known: Past) -> Past:
    """The open rows that the model learns from and is tested on: of a large business every n-th customer."""
    is_open = known.rows["is_open"].to_numpy(dtype=bool)
    step = 1 + int(is_open.sum()) // MOST_ROWS
    return known.where(is_open & (known.customer % step == 0))


def _learned_from(wide: Floats, left: Booleans) -> Learned | None:
    """The hazard of these rows; None where too few left or stayed."""
    many = int(left.sum())
    return learn(wide, left) if min(many, len(left) - many) >= FEWEST_LEFT else None


def _model(wide: Floats, left: Booleans) -> Way:
    """The hazard, learned from the chosen rows."""

    def learned(over: Booleans) -> LogOdds | None:
        found = _learned_from(wide[over], left[over])
        return None if found is None else lambda chosen: found.log_odds(wide[chosen])

    return learned


class MonthByMonth(NamedTuple):
    """The risk of each row in the later half, told from the month ends whose horizon was over by then."""

    before: Floats  # as it was learned
    risk: Floats  # at the level of the latest of them


def _month_by_month(taught: Past, way: Way) -> MonthByMonth:
    found = MonthByMonth(*np.full((2, len(taught.nth)), np.nan))
    as_of = taught.rows["as_of"].to_numpy()
    nths = np.unique(taught.nth)
    for nth in nths[len(nths) // 2 :]:
        now = taught.nth == nth
        over = as_of <= as_of[now][0] - np.timedelta64(HORIZON_DAYS, "D")
        log_odds = way(over)
        if log_odds is not None:
            found.before[now] = _rounded(log_odds(now))
            added = recalibrated(log_odds(over), taught.nth[over], taught.left[over])
            found.risk[now] = _rounded(log_odds(now) + added)
    return found


def warnings_on(rows: pd.DataFrame, rules: Sequence[Rule]) -> Floats:
    """How many of the warnings are on in each row."""
    return np.sum([rule.is_on(rows) for rule in rules], axis=0, dtype=float) + np.zeros(len(rows))


def _tested(known: Past, rules: Sequence[Rule], risk: Floats) -> Tested | None:
    from sklearn.metrics import average_precision_score

    told = ~np.isnan(risk)
    left = known.left[told]
    if min(left.sum(), (~left).sum()) < FEWEST_LEFT:
        return None
    rows = known.rows[told]
    scores = [risk[told], warnings_on(rows, rules), rows["silent_days"].fillna(0).to_numpy(dtype=float)]
    frame = pd.DataFrame(
        {
            "customer": known.customer[told],
            "nth": known.nth[told],
            "left": left,
            **dict(zip(("risk", "warnings", "silence"), scores, strict=True)),
        }
    )
    precision = tuple(float(average_precision_score(left, score)) for score in scores)
    return Tested(frame, areas(scores, left, known.customer[told]), precision)  # type: ignore[arg-type]


def beats_baselines(tested: Tested | None) -> bool:
    """Whether the model is to be used: it ranks better than chance for sure, and better than both baselines.

    Its area under the ROC curve lies above 0.5 with its interval, and area and average precision are both
    above those of the number of warnings and of the days without use.
    """
    if tested is None:
        return False
    area, precision = tested.areas.values, tested.precision
    is_better = all(area[0] > area[other] and precision[0] > precision[other] for other in (1, 2))
    return is_better and tested.areas.interval(0)[0] > 0.5


def deserving(judged: pd.DataFrame) -> list[str]:
    """The warnings that deserve belief: those that work, if only weakly."""
    return list(judged.loc[judged["verdict"].isin(["works", "works weakly"]), "name"])


def counted_warnings(judged: pd.DataFrame) -> tuple[str, ...]:
    """The warnings that put a customer at risk: those that deserve belief, or untested starting points."""
    believed = deserving(judged)
    if believed:
        return tuple(believed)
    untested = judged.loc[judged["verdict"] == "too few", "name"]
    return tuple(name for name in untested if name in STARTING_POINTS)


def risk_of_leaving(business: Business) -> Risk:
    """The risk of every customer at every month end, told in the way that stood the test. See `Risk`.

    Glossary: risk.
    """
    kept: Risk = business.remember("risk", lambda: _risk(business))
    return kept


def _risk(business: Business) -> Risk:
    rows, rules = snapshots(business), usable(business)
    known = past(rows, pd.Timestamp(business.as_of))
    names = counted_warnings(back_test(business))
    return told(rows, known, rules, [rule for rule in rules if rule.name in names])


def told(rows: pd.DataFrame, known: Past, rules: Sequence[Rule], counted: Sequence[Rule]) -> Risk:
    """`risk_of_leaving` from rows, and from those of them whose outcome is known."""
    is_open = known.rows["is_open"].to_numpy(dtype=bool)
    base = clustered_rate(known.left[is_open], known.customer[is_open])
    is_now = (rows["as_of"] == rows["as_of"].max()).to_numpy()
    taught = _taught(known)
    wide = features(taught.rows, rules)
    by_model = _month_by_month(taught, _model(wide, taught.left))
    tested = _tested(taught, rules, by_model.risk)
    learned = _learned_from(wide, taught.left) if beats_baselines(tested) else None
    if learned is None:
        past_rows = known.where(is_open)
        by_month, values = _by_count(rows, past_rows, counted)
    else:
        added = recalibrated(learned.log_odds(wide), taught.nth, taught.left)
        learned = learned._replace(intercept=learned.intercept + added)
        by_month, past_rows, values = by_model, taught, np.full(len(rows), np.nan)
        newest = _newest(rows, known)
        values[newest] = learned.risk(features(rows[newest], rules))
    is_told = ~np.isnan(by_month.risk)
    values[past_rows.place[is_told]] = by_month.risk[is_told]
    least = 0.0 if learned is None else TWICE * base.value
    told_then = MonthByMonth(by_month.before[is_told], by_month.risk[is_told])
    history = _history(past_rows.where(is_told), told_then, counted, least)
    way = "warnings" if learned is None else "model"
    return Risk(
        way, tuple(rules), tuple(counted), base, tested, learned, values, values[is_now], history,
        level_by(history, rows["as_of"].max()),
    )  # fmt: skip


def _newest(rows: pd.DataFrame, known: Past) -> Booleans:
    """The open rows whose outcome is not known yet."""
    is_known = np.zeros(len(rows), dtype=bool)
    is_known[known.place] = True
    return rows["is_open"].to_numpy(dtype=bool) & ~is_known


def _history(known: Past, by_month: MonthByMonth, counted: Sequence[Rule], least: float) -> pd.DataFrame:
    """The history of `Risk`; who is at risk has a warning on, and at least this risk."""
    as_of = known.rows["as_of"].to_numpy()
    is_warned = warnings_on(known.rows, counted) > 0
    return pd.DataFrame(
        {
            "nth": known.nth,
            "as_of": as_of,
            "known_on": as_of + np.timedelta64(HORIZON_DAYS, "D"),
            "before": by_month.before,
            "risk": by_month.risk,
            "left": known.left,
            "is_listed": is_warned & (by_month.risk >= least),
        }
    )


def _log_odds_by_count(many: Integers, left: Booleans, most: int) -> Floats:
    """Of 0, 1, … warnings: of the share that left among as many, mixed with PRIOR_ROWS at that of all."""
    rows = np.bincount(many, minlength=most + 1)
    gone = np.bincount(many, weights=left, minlength=most + 1)
    usual = left.mean() if len(left) else np.nan
    with np.errstate(divide="ignore"):
        return np.asarray(special.logit((gone + PRIOR_ROWS * usual) / (rows + PRIOR_ROWS)))


def _counting(many: Integers, left: Booleans, most: int) -> Way:
    """The share that left with as many warnings, among the chosen rows."""

    def learned(over: Booleans) -> LogOdds | None:
        if not over.any():
            return None
        log_odds = _log_odds_by_count(many[over], left[over], most)
        return lambda chosen: log_odds[many[chosen]]

    return learned


def _by_count(rows: pd.DataFrame, known: Past, rules: Sequence[Rule]) -> tuple[MonthByMonth, Floats]:
    """The risk by the number of warnings: month by month of the open rows of the past, and of every row."""
    many = warnings_on(rows, rules).astype(int)
    before = many[known.place]
    log_odds = _log_odds_by_count(before, known.left, len(rules))
    added = np.where(_newest(rows, known), recalibrated(log_odds[before], known.nth, known.left), 0.0)
    values = np.where(rows["is_open"], _rounded(log_odds[many] + added), np.nan)
    return _month_by_month(known, _counting(before, known.left, len(rules))), values


@columns(
    ranked_by=TEXT,
    area=SHARE.estimate("Pairs in the right order"),
    average_precision=NUMBER,
    lead=SHARE.estimate("The model is ahead by"),
)
def discrimination(risk: Risk) -> pd.DataFrame:
    """One row a way to rank customers, on the later half of the past: how well it told who would leave.

    `area` lies under the ROC curve: how often a customer who left stood above one who stayed; 0.5 is chance.
    `lead` is that of the model's area over this one. Empty where nothing could be tested.

    Glossary: test of the risk.
    """
    if risk.tested is None:
        return pd.DataFrame(columns=names_of(discrimination))
    found, precision = risk.tested.areas, risk.tested.precision
    rows = []
    for nth, name in enumerate(("the model", "number of warnings", "days without login")):
        lead = found.difference(0, nth) if nth else (np.nan, np.nan, np.nan)
        rows.append((name, found.values[nth], *found.interval(nth), precision[nth], *lead))
    return pd.DataFrame(rows, columns=names_of(discrimination))


@columns(
    fifth=COUNT(is_recorded=False),
    customers=COUNT,
    risk=SHARE.recorded_as(NUMBER),
    left=COUNT,
    left_rate=LEFT_RATE,
)
def calibration(risk: Risk) -> pd.DataFrame:
    """One row a fifth of the tested customers, by predicted risk: what was told, and the share that left.

    `customers` counts a customer once a month, `risk` is the mean. Empty where nothing could be tested.

    Glossary: calibration.
    """
    if risk.tested is None:
        return pd.DataFrame(columns=names_of(calibration))
    rows = risk.tested.rows
    order = rows["risk"].rank(method="first").to_numpy()
    group = np.minimum((order - 1) * GROUPS // len(rows), GROUPS - 1).astype(int)
    records = []
    for nth in range(GROUPS):
        part = rows[group == nth]
        share = clustered_rate(part["left"].to_numpy(), part["customer"].to_numpy())
        records.append(
            (nth + 1, len(part), part["risk"].mean(), share.numerator, share.value, share.low, share.high)
        )
    return pd.DataFrame(records, columns=names_of(calibration))


@columns(
    top_share=SHARE.recorded_as(MONEY),
    customers=COUNT,
    left=COUNT,
    left_rate=LEFT_RATE,
    lift=TIMES("Times as often"),
)
def top_shares(risk: Risk) -> pd.DataFrame:
    """One row a share of the customers: how many of those with the highest risk each month left.

    `lift` is against everybody in the same months. Empty where nothing could be tested.

    Glossary: top 5, 10, 20 %.
    """
    if risk.tested is None:
        return pd.DataFrame(columns=names_of(top_shares))
    rows = risk.tested.rows
    place = rows.groupby("nth")["risk"].rank(method="first", ascending=False)
    many = rows.groupby("nth")["risk"].transform("size")
    usual = rows["left"].mean()
    records = []
    for top in TOP_SHARES:
        part = rows[place <= np.ceil(top * many)]
        share = clustered_rate(part["left"].to_numpy(), part["customer"].to_numpy())
        records.append(
            (top, len(part), share.numerator, share.value, share.low, share.high, share.value / usual)
        )
    return pd.DataFrame(records, columns=names_of(top_shares))
