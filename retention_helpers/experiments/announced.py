"""What was announced: the owner's notes, and changes of price or plan that the data show for a whole plan.

A change of price or plan is what many customers of one plan went through within a few weeks: their own
price moved. A customer's own switch is none, nor is a discount that ends for some, nor what newcomers pay:
who comes with more places, or with a discount, pays another amount at the same price.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.spans import kept_spans
from retention_helpers.experiments.lives import HORIZON_DAYS, Lives, days_of
from retention_helpers.shown.sentences import listed
from retention_helpers.words import formats
from retention_helpers.words.themes import themes_of

NOTE, PRICE, DISCOUNT, PLAN = "note", "price", "discount", "plan"
KINDS = (NOTE, PRICE, DISCOUNT, PLAN)
WEEKS = 45  # days in which a change reaches everybody who renews by the month
WHOLE = 0.5  # of a plan's customers, for a change of the whole plan
FEWEST_MOVED = 5  # customers
AFTER_NOTE = 14  # days by which a note may follow the first who paid the new price
_ABOUT_PRICES = re.compile(
    r"\b(price|pricing|plan|tier|discount|preis|tarif|rabatt|prix|remise|precio|tarifa|descuento|preço|prezzo|"
    r"sconto|prijs|korting)", re.IGNORECASE,
)  # fmt: skip


@dataclass(frozen=True)
class Move:
    """What a plan's customers went through: from one price, or plan, to another (as text)."""

    plan: str
    before: str
    after: str


@dataclass(frozen=True)
class Announced:
    """Something that was announced on a day.

    Attributes:
        what: in the owner's words, or in ours where no note says it.
        kind: one of KINDS.
        happened_on: the day of the note; without one the first day on which somebody paid the new price.
        plans: whose customers it was for; None: everybody's.
        is_noted: whether a line of the owner's says it; what the data alone show is a guess.
    """

    what: str
    kind: str
    happened_on: dt.date
    plans: frozenset[str] | None = None
    is_noted: bool = True


def announced(business: Business, lives: Lives) -> list[Announced]:
    """The owner's notes and the changes of price or plan, by day.

    A note about prices or plans from HORIZON_DAYS before a change to AFTER_NOTE days after it is the
    announcement of that change: its words and its day hold, and it is no event of its own.

    Glossary: what was announced.
    """
    changes = list(_together(list(_changes(business, lives))))
    table = business.table("notes").order_by("happened_on", "note").execute()
    notes = [(pd.Timestamp(row.happened_on).date(), str(row.note)) for row in table.itertuples()]
    found = []
    for change in changes:
        own = [note for note in notes if _announces(note, change)]
        if own:
            nearest = min(own, key=lambda note: abs((note[0] - change.happened_on).days))
            notes.remove(nearest)
            change = replace(change, what=nearest[1], happened_on=nearest[0], is_noted=True)
        found.append(change)
    found += [Announced(words, NOTE, day) for day, words in notes]
    return sorted(found, key=lambda one: (one.happened_on, one.what))


def _announces(note: tuple[dt.date, str], change: Announced) -> bool:
    ahead = (change.happened_on - note[0]).days
    is_near = -AFTER_NOTE <= ahead <= HORIZON_DAYS
    return is_near and (_ABOUT_PRICES.search(note[1]) is not None or "price" in themes_of(note[1]))


def _together(changes: list[tuple[str, dt.date, Move]]) -> Iterator[Announced]:
    """Changes of one kind that began within WEEKS of the first of them, as one announcement."""
    left = sorted(changes, key=lambda one: (one[1], one[0], one[2].plan))
    while left:
        kind, first, _ = left[0]
        own = [one for one in left if one[0] == kind and (one[1] - first).days <= WEEKS]
        left = [one for one in left if one not in own]
        moves = list(dict.fromkeys(move for _, _, move in own))
        said = {PRICE: "Price rise", DISCOUNT: "Lower price", PLAN: "Plan changed"}[kind]
        told = listed([f"{move.plan} {move.before} to {move.after}" for move in moves])
        plans = frozenset(move.plan for move in moves)
        yield Announced(f"{said}: {told}", kind, first, plans, is_noted=False)


def _changes(business: Business, lives: Lives) -> Iterator[tuple[str, dt.date, Move]]:
    """Kind, first day and move of every change that a whole plan went through."""
    moved, begun = _moved(business), _begun(business)
    for (plan, interval), own in moved.groupby(["plan", "interval"], sort=True):
        stayed = own[own["plan_after"] == plan]
        newcomers = begun[(begun["plan"] == plan) & (begun["interval"] == interval)]
        yield from _prices(lives, str(plan), str(interval), stayed, newcomers)
        for other, rows in own[own["plan_after"] != plan].groupby("plan_after", sort=True):
            for first, _ in _waves(lives, str(plan), str(interval), rows):
                yield PLAN, first, Move(str(plan), "", str(other))


def _prices(
    lives: Lives, plan: str, interval: str, own: pd.DataFrame, newcomers: pd.DataFrame
) -> Iterator[tuple[str, dt.date, Move]]:
    """Changes of the price: to one new price, or by one factor where customers pay for seats.

    Not where newcomers go on beginning at the price that was left: an offer for the first months ends for
    each in their turn, which in a young business is most of them.
    """
    told: list[dt.date] = []
    for by in ("after", "factor"):
        for _, rows in own.groupby(by, sort=True):
            for first, wave in _waves(lives, plan, interval, rows):
                if any(abs((first - other).days) <= WEEKS for other in told):
                    continue
                if _goes_on(wave, newcomers):
                    continue
                told.append(first)
                before, after = wave["before"].median(), wave["after"].median()
                kind = PRICE if after > before else DISCOUNT
                yield kind, first, Move(plan, formats.money(before), formats.money(after))


def _goes_on(wave: pd.DataFrame, newcomers: pd.DataFrame) -> bool:
    """Whether most newcomers since a wave began still begin at a price that it left."""
    later = newcomers[newcomers["day"] >= wave["day"].quantile(0.05, interpolation="higher")]
    return len(later) > 0 and bool(later["mrr"].isin(set(wave["before"])).mean() > WHOLE)


def _waves(
    lives: Lives, plan: str, interval: str, rows: pd.DataFrame
) -> Iterator[tuple[dt.date, pd.DataFrame]]:
    """The times, WEEKS long, in which most customers of a plan moved, and who moved then; the largest first.

    The first day of a wave is the one by which one in twenty of those who moved had done so: somebody's own
    step before it does not date it.
    """
    left = rows.sort_values(["day", "customer_id"], ignore_index=True)
    while len(left) >= FEWEST_MOVED:
        days = left["day"].to_numpy()
        until = np.searchsorted(days, days + WEEKS)
        best = int(np.argmax(until - np.arange(len(days))))
        wave = left.iloc[best : until[best]]
        movers = wave["customer_id"].nunique()
        if movers < max(FEWEST_MOVED, WHOLE * lives.holders(int(days[best]), plan, interval)):
            return
        first = int(wave["day"].quantile(0.05, interpolation="higher"))
        yield _date(first), wave
        left = left[(left["day"] < days[best] - WEEKS) | (left["day"] >= days[best] + 2 * WEEKS)]
        left = left.reset_index(drop=True)


def _date(day: int) -> dt.date:
    return pd.Timestamp(np.datetime64(day, "D")).date()


def _moved(business: Business) -> pd.DataFrame:
    """A row a step of a paying customer from one span straight to the next, at another price or plan.

    Columns: customer_id, day, plan, interval, before, plan_after, after (own prices), factor.
    """
    paying = kept_spans(business).filter(lambda span: span.state == "paying")
    later = paying.view()
    pairs = paying.join(
        later,
        [
            paying.customer_id == later.customer_id,
            paying.end_at == later.started_at,
            paying.interval == later.interval,
            paying.currency == later.currency,
        ],
    )
    steps = pairs.filter((pairs.mrr != pairs.mrr_right) | (pairs.plan != pairs.plan_right))
    frame = steps.select(
        "customer_id", day="started_on_right", plan="plan", interval="interval", before="mrr",
        plan_after="plan_right", after="mrr_right",
    ).execute()  # fmt: skip
    factor = (frame["after"] / frame["before"]).astype(float).round(2) if len(frame) else 0.0
    return frame.assign(day=days_of(frame["day"]), factor=factor)


def _begun(business: Business) -> pd.DataFrame:
    """What every customer bought on the first day, in the order of days.

    Columns: plan, interval, currency, customer_id, mrr, day.
    """
    paying = kept_spans(business).filter(lambda span: span.state == "paying")
    begun = paying.join(months.first_days(business), "customer_id")
    own = begun.filter(begun.started_on == begun.first_on)
    frame = own.select("plan", "interval", "currency", "customer_id", "mrr", day="first_on").execute()
    return frame.assign(day=days_of(frame["day"])).sort_values(["day", "customer_id"])
