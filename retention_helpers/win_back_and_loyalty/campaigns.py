"""What each campaign added: who was mailed against who was held out by lot, read as an experiment is.

Looks, limits, the exact test and the words are those of the experiments: a look a month, the interval at the
look's own level, planned for a gain of SMALLEST_EFFECT. Everybody counts in the group they were drawn into.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.spans import covers, kept_services, kept_spans
from retention_helpers.shown.units import (
    COUNT,
    DAY,
    MONEY,
    P_VALUE,
    POINTS,
    RATE,
    TEXT,
    columns,
    names_of,
    one_of,
)
from retention_helpers.statistics.boundary import ALPHA
from retention_helpers.statistics.intervals import Difference, Rate, rate
from retention_helpers.statistics.looks import (
    Comparison,
    Look,
    alphas,
    difference,
    is_full,
    looks_until_full,
    p_value,
    verdict,
)
from retention_helpers.statistics.means import difference_of_means, means_of
from retention_helpers.statistics.power import MOST_LOOKS, size
from retention_helpers.win_back_and_loyalty.away import BACK_DAYS, GONE, KINDS, LAPSED, LAST, sees_use
from retention_helpers.words import formats

MAILED, HELD_OUT = "mailed", "held_out"
SMALLEST_EFFECT = 0.10  # from 5 to 15 of a hundred: the least that most promise of such campaigns
USUAL_RETURN = 0.05  # where the business has no past of its own
FEWEST_FOLLOWED = 50  # earlier lapses, from which on their own return is the baseline
TOLERATED, FEWEST_ODD = 0.02, 3  # customers in both groups: a share, and so many, spoil a campaign

NOT_CREDITED = "cannot be credited to the campaign"
WAKES_LEAVERS = "brings back, but more leave"
VERDICTS = (
    "better", "worse", "no large effect", "cannot tell yet", "not interpretable", WAKES_LEAVERS, NOT_CREDITED,
)  # fmt: skip
EACH = ["campaign", "customer_id"]
ANSWER = "answer"  # the kind of a contact by which a customer wrote back
NEVER = 10_000  # days: not by the cut


def enrolled(business: Business) -> pd.DataFrame:
    """One row per customer of a campaign: the first draw, and what became of them.

    Columns: campaign, customer_id, group, enrolled_on, in_both (was drawn into the other group too), kind
    (lapsed: a customer at the end of the day before the draw; gone: left before; null: never one), and in
    whole days from the draw, NEVER where it did not happen by the cut: back_days (lapsed: to the first use
    after the draw; gone: to the next begin of service), harm_days (to the first request to cancel or end of
    service after it); mrr_90 (at the end of day LAST), followed (days that have passed by the cut; 0 of the
    lapsed where no use is seen), reached_in (the month of day LAST).

    A use on the day of the draw counts from the instant of the draw on; one that is written with a day
    alone stands at that day's midnight.

    Glossary: back; harm.
    """
    return business.once("enrolled", lambda: _enrolled(business))


def _enrolled(business: Business) -> pd.DataFrame:
    first = _first_draws(business)
    rows = first.order_by(EACH).execute()
    for part in (_standing(business, first), _leavings(business, first), _uses(business, first),
                 _amounts(business, first)):  # fmt: skip
        rows = rows.merge(part.execute(), on=EACH, how="left")
    drawn_on = pd.to_datetime(rows["enrolled_on"])

    def days(on: str) -> pd.Series:
        after = (pd.to_datetime(rows[on]) - drawn_on).dt.days
        return after.fillna(NEVER).astype("int64")

    was_there = rows["was_there"].fillna(False).astype(bool)
    had_left = rows["had_left"].fillna(False).astype(bool)
    kind = np.select([was_there, had_left], KINDS, "")
    last = drawn_on + pd.Timedelta(days=LAST)
    followed = (pd.Timestamp(business.as_of) - drawn_on).dt.days - 1
    return pd.DataFrame(
        {
            **{name: rows[name].astype("object") for name in ("campaign", "customer_id", "group")},
            "enrolled_on": drawn_on.dt.date,
            "in_both": rows["in_both"].astype(bool),
            "kind": pd.Series(kind, dtype="object").where(kind != "", None),
            "back_days": np.where(kind == GONE, days("begun_on"), days("used_on")),
            "harm_days": days("harmed_on"),
            "mrr_90": rows["mrr_90"].map(lambda amount: 0 if formats.is_missing(amount) else amount),
            "followed": followed.where((kind != LAPSED) | sees_use(business), 0),
            "reached_in": last.dt.strftime("%Y-%m"),
        }
    )


def _first_draws(business: Business) -> ir.Table:
    drawn = business.table("enrolments")
    own = ibis.window(group_by=EACH)
    first = ibis.window(group_by=EACH, order_by=["enrolled_at", "group"])
    numbered = drawn.mutate(nth=ibis.row_number().over(first), groups=drawn.group.nunique().over(own))
    kept = numbered.filter(numbered.nth == 0)
    return kept.select(*EACH, "group", "enrolled_at", "enrolled_on", in_both=kept.groups > 1)


def _standing(business: Business, drawn: ir.Table) -> ir.Table:
    """Whether they were customers the evening before the draw, and when service next begins."""
    own = kept_services(business)
    pairs = drawn.join(own, "customer_id")
    before = pairs.begin_on < pairs.enrolled_on
    lasts = pairs.end_on.isnull() | (pairs.end_on >= pairs.enrolled_on)
    return pairs.group_by(EACH).aggregate(
        was_there=(before & lasts).any(),
        had_left=before.any(),
        begun_on=pairs.begin_on.min(where=pairs.begin_on >= pairs.enrolled_on),
    )


def _leavings(business: Business, drawn: ir.Table) -> ir.Table:
    left = kept_leavings(business)
    pairs = drawn.join(left, "customer_id")
    asked = pairs.asked_on.min(where=pairs.asked_on >= pairs.enrolled_on)
    ended = pairs.ended_on.min(where=pairs.ended_on >= pairs.enrolled_on)
    return pairs.group_by(EACH).aggregate(harmed_on=ibis.least(asked, ended))


def _uses(business: Business, drawn: ir.Table) -> ir.Table:
    events = business.table("events")
    used = events.filter(months.is_activity(business, events))
    pairs = drawn.join(used, "customer_id")
    return pairs.group_by(EACH).aggregate(
        used_on=pairs.occurred_on.min(where=pairs.occurred_at >= pairs.enrolled_at)
    )


def _amounts(business: Business, drawn: ir.Table) -> ir.Table:
    spans = kept_spans(business)
    last = (drawn.enrolled_on + ibis.interval(days=LAST)).cast("date")
    pairs = drawn.mutate(last_on=last).join(spans, "customer_id")
    return pairs.group_by(EACH).aggregate(mrr_90=pairs.mrr.sum(where=covers(pairs, pairs.last_on)))


# ------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class Campaign:
    """A campaign with its customers, and how often its comparison may err.

    Attributes:
        kind: whom it was for: the more frequent of its customers' kinds.
        reason: why its groups cannot be compared; "" where they can.
        comparison: mailed against held out, look by look.
        limit: how many standard errors from 0 the last look has to be; NaN without one.
        needed: customers a group.
    """

    name: str
    kind: str
    rows: pd.DataFrame
    reason: str
    comparison: Comparison
    needed: int
    limit: float = math.nan

    @property
    def last(self) -> Look | None:
        return self.comparison.looks[-1] if self.comparison.looks else None

    def of(self, group: str) -> pd.DataFrame:
        return self.rows[self.rows["group"] == group]

    def judged(self, group: str) -> pd.DataFrame:
        """The customers whose last day is past at the look that counts."""
        own = self.of(group)
        until = self.last.month if self.last else ""
        is_past = own["followed"] >= LAST
        return own[is_past & (own["reached_in"] <= until)] if self.last else own[is_past]


def read_campaigns(business: Business, baselines: Mapping[str, float]) -> list[Campaign]:
    """Every campaign of `enrolments` as it stands at the month's end, the latest draw first.

    Takes the natural return by kind, from which the size is planned. A campaign that was drawn in one month
    has the size that its draw gave it, and one look; one that goes on is looked at every month up to the
    planned size. Campaigns that are open at the same time share the 5 % (Holm).

    Glossary: what a campaign added.
    """
    rows = enrolled(business)
    latest = rows.groupby("campaign")["enrolled_on"].max().sort_values(ascending=False, kind="stable")
    found = [
        _campaign(str(name), rows[rows["campaign"] == name], baselines, sees_use(business))
        for name in latest.index
    ]
    return _with_limits(found, business.month)


def _campaign(name: str, rows: pd.DataFrame, baselines: Mapping[str, float], has_events: bool) -> Campaign:
    kinds = rows["kind"].value_counts()
    kind = str(kinds.index[0]) if len(kinds) else GONE
    known = rows[rows["kind"].notna()]
    month_ends = _month_ends(known)
    at_once = pd.to_datetime(rows["enrolled_on"]).dt.strftime("%Y-%m").nunique() == 1
    needed = size(baselines[kind], SMALLEST_EFFECT, looks=1 if at_once else MOST_LOOKS)
    odd = int(rows["in_both"].sum())
    reason = (
        NOT_CREDITED
        if not (known["group"] == HELD_OUT).any() or not (known["group"] == MAILED).any()
        else "not interpretable"
        if (odd >= FEWEST_ODD and odd > TOLERATED * len(rows)) or (kind == LAPSED and not has_events)
        else ""
    )
    looks = looks_until_full(month_ends, needed / 2, 1 if at_once else MOST_LOOKS)
    if at_once:
        is_over = bool(len(known)) and bool((known["followed"] >= LAST).all())
        looks = looks[-1:] if is_over else ()
        last = is_over
    else:
        last = bool(looks) and is_full(looks[-1], needed / 2, MOST_LOOKS)
    information = looks[-1].information if at_once and looks else needed / 2
    comparison = Comparison(name, MAILED, looks, information, last, last, not reason)
    return Campaign(name, kind, known, reason, comparison, needed)


def _month_ends(rows: pd.DataFrame) -> tuple[Look, ...]:
    """At each month end with news: how many of each group had come to their last day, and were back."""
    past = rows[rows["followed"] >= LAST].assign(is_back=lambda frame: frame["back_days"] <= LAST)
    looks, totals = [], np.zeros(4, dtype=int)
    for month, own in past.groupby("reached_in", sort=True):
        sides = [own.loc[own["group"] == group, "is_back"] for group in (MAILED, HELD_OUT)]
        totals = totals + np.array([part for side in sides for part in (side.sum(), len(side))])
        back, mailed, back_held_out, held_out = map(int, totals)
        looks.append(Look(str(month), back, mailed, back_held_out, held_out))
    return tuple(looks)


def _with_limits(found: Sequence[Campaign], month: str) -> list[Campaign]:
    """Each with the limit of its last look: one that is over shares the 5 % with those open at that time."""
    ends = [one.last.month if one.comparison.is_over and one.last else month for one in found]
    shares = [ALPHA] * len(found)
    for end in sorted(set(ends)):
        together = [place for place, last in enumerate(ends) if last >= end]
        given = alphas([found[place].comparison.at(end) for place in together])
        for place, share in zip(together, given, strict=True):
            if ends[place] == end:
                shares[place] = share
    return [
        replace(one, limit=one.comparison.limits(share)[-1]) if one.last else one
        for one, share in zip(found, shares, strict=True)
    ]


def harm_of(campaign: Campaign) -> Difference:
    """Mailed − held out in the share who asked to cancel or left by day LAST, at the level of the look."""
    if campaign.last is None or campaign.reason:
        return Difference(math.nan, math.nan, math.nan)
    sides = [campaign.judged(group) for group in (MAILED, HELD_OUT)]
    table = [part for side in sides for part in (int((side["harm_days"] <= LAST).sum()), len(side))]
    return difference((table[0], table[1], table[2], table[3]), campaign.limit)


def word_of(campaign: Campaign) -> str:
    """The verdict on a campaign.

    Those of the experiments, and: brings back, but more leave (of customers who were there at the draw, more
    of the mailed asked to cancel or left); cannot be credited to the campaign (nobody was held out). Where
    more leave and no more come back it is worse.

    Glossary: verdict on a campaign.
    """
    if campaign.reason or campaign.last is None:
        return campaign.reason or "cannot tell yet"
    word = verdict(difference(campaign.last.table, campaign.limit), SMALLEST_EFFECT)
    if campaign.kind == LAPSED and harm_of(campaign).low > 0:
        return WAKES_LEAVERS if word == "better" else "worse"
    return word


def _net_mrr(campaign: Campaign) -> Difference:
    """MRR on day LAST of all mailed, less what the held-out say would have come anyway."""
    sides = [campaign.judged(group) for group in (MAILED, HELD_OUT)]
    if campaign.reason or campaign.last is None or min(map(len, sides)) < 2:
        return Difference(math.nan, math.nan, math.nan)
    amounts = np.concatenate([side["mrr_90"].to_numpy(dtype=float) for side in sides])
    if not amounts.any():  # nothing shows how far amounts lie apart
        return Difference(math.nan, math.nan, math.nan)
    is_treated = np.arange(len(amounts)) < len(sides[0])
    found = difference_of_means(means_of(amounts, is_treated), campaign.limit)
    return Difference(*(end * len(sides[0]) for end in found))


def _known_rate(rows: pd.DataFrame) -> Rate:
    return rate(int((rows["back_days"] <= LAST).sum()), len(rows))


@columns(
    campaign=TEXT,
    kind=one_of(*KINDS)("For"),
    drawn_on=DAY("Last draw", is_shown=False),
    mailed_drawn=COUNT(is_shown=False),
    held_out_drawn=COUNT(is_shown=False),
    mailed_back=COUNT(is_shown=False),
    mailed_followed=COUNT(is_shown=False),
    mailed=RATE("Mailed, back", of=("mailed_back", "mailed_followed")),
    held_out_back=COUNT(is_shown=False),
    held_out_followed=COUNT(is_shown=False),
    held_out=RATE("Held out, back", of=("held_out_back", "held_out_followed")),
    difference=POINTS.estimate("Added"),
    p_value=P_VALUE("p"),
    harm=POINTS.estimate("More asked or left"),
    net_mrr=MONEY.or_null.estimate("MRR it added"),
    needed=COUNT("Needed a group"),
    verdict=one_of(*VERDICTS),
)
def campaigns(found: Sequence[Campaign]) -> pd.DataFrame:
    """One row per campaign: who was back by day LAST, mailed against held out, and what that cost.

    `difference`, `harm` and `net_mrr` have the interval of the look that counts; p is Boschloo's exact test
    (of many customers the score test). `harm` is the difference in those who asked to cancel or left by day
    LAST. `net_mrr` is the MRR of the mailed on day LAST, less as much a head as the held-out pay (Welch).
    Rates count customers whose day LAST is past.

    Glossary: what a campaign added; harm; MRR a campaign added.
    """
    rows = []
    for one in found:
        last, reason = one.last, one.reason
        gain = difference(last.table, one.limit) if last and not reason else Difference(*[math.nan] * 3)
        rates = {group: _known_rate(one.judged(group)) for group in (MAILED, HELD_OUT)}
        sides = [
            (side.numerator, side.denominator, side.value, side.low, side.high) for side in rates.values()
        ]
        p = p_value(last.table) if last and not reason else math.nan
        drawn = [len(one.of(group)) for group in (MAILED, HELD_OUT)]
        last_draw = max(one.rows["enrolled_on"], default=None)
        rows.append((one.name, one.kind, last_draw, *drawn, *sides[0], *sides[1], *gain, p, *harm_of(one),
                     *_net_mrr(one), one.needed, word_of(one)))  # fmt: skip
    return pd.DataFrame(rows, columns=names_of(campaigns))


@columns(
    campaign=TEXT,
    days=COUNT("Within days"),
    mailed_back=COUNT(is_shown=False),
    mailed_followed=COUNT(is_shown=False),
    mailed=RATE("Mailed, back", of=("mailed_back", "mailed_followed")),
    held_out_back=COUNT(is_shown=False),
    held_out_followed=COUNT(is_shown=False),
    held_out=RATE("Held out, back", of=("held_out_back", "held_out_followed")),
)
def back_by_day(found: Sequence[Campaign]) -> pd.DataFrame:
    """One row per campaign and number of days: who was back by then, of those followed for so long.

    Glossary: back.
    """
    rows = []
    for one in found:
        for days in BACK_DAYS:
            sides = []
            for group in (MAILED, HELD_OUT):
                own = one.of(group)
                own = own[own["followed"] >= days]
                told = rate(int((own["back_days"] <= days).sum()), len(own))
                sides += [told.numerator, told.denominator, told.value, told.low, told.high]
            rows.append((one.name, days, *sides))
    return pd.DataFrame(rows, columns=names_of(back_by_day))


@columns(
    campaign=TEXT,
    message=COUNT,
    sent=COUNT,
    opened=COUNT(is_shown=False),
    open_rate=RATE("Opened", of=("opened", "sent")),
    clicked=COUNT(is_shown=False),
    click_rate=RATE("Clicked", of=("clicked", "sent")),
    answered=COUNT("Answered"),
    back=COUNT("Back before the next"),
)
def by_message(business: Business, found: Sequence[Campaign]) -> pd.DataFrame:
    """One row per message of a campaign: opened, clicked, answered, and back after it and before the next.

    Mails belong to a campaign by their own `campaign`: its name, alone or with `_1`, `_2` … behind it; only
    those of its mailed customers from the draw on count. An answer is a contact of the kind *answer*. Who
    is back after a message need not be back because of it.

    Glossary: by message.
    """
    rows = []
    for one in found:
        mails = _mails_of(business, one)
        for nth in sorted(mails["nth"].unique()):
            own = mails[mails["nth"] == nth]
            opened, clicked = (rate(int(own[name].sum()), len(own)) for name in ("is_open", "is_clicked"))
            sides = [
                part
                for one_rate in (opened, clicked)
                for part in (one_rate.numerator, one_rate.value, one_rate.low, one_rate.high)
            ]
            ends = int(own["answered"].sum()), int(own["came"].sum())
            rows.append((one.name, int(nth), len(own), *sides, *ends))
    return pd.DataFrame(rows, columns=names_of(by_message))


def _mails_of(business: Business, campaign: Campaign) -> pd.DataFrame:
    """A row a mail of a campaign: nth, is_open, is_clicked, answered, came (before the next mail)."""
    sent = business.table("emails")
    own = sent.filter((sent.campaign == campaign.name) | sent.campaign.startswith(f"{campaign.name}_"))
    days = ["customer_id", "sent_at", "sent_on", "opened_on", "clicked_on"]
    mails = own.select(*days, label="campaign").execute()
    mails = mails.merge(campaign.of(MAILED)[["customer_id", "enrolled_on", "back_days"]], on="customer_id")
    tail = mails["label"].str.removeprefix(campaign.name).str.removeprefix("_")
    after = (pd.to_datetime(mails["sent_on"]) - pd.to_datetime(mails["enrolled_on"])).dt.days
    number = pd.to_numeric(tail, errors="coerce")
    mails = mails.assign(number=number, after=after)[((tail == "") | number.notna()) & (after >= 0)]
    mails = mails.sort_values(["customer_id", "sent_at", "label"])
    own_mails = mails.groupby("customer_id")
    following = own_mails["after"].shift(-1).fillna(LAST + 1)
    came = mails["back_days"].between(mails["after"], following, inclusive="left") & (
        mails["back_days"] <= LAST
    )
    return mails.assign(
        nth=mails["number"].fillna(own_mails.cumcount() + 1).astype(int),
        is_open=mails["opened_on"].notna() | mails["clicked_on"].notna(),
        is_clicked=mails["clicked_on"].notna(),
        answered=_is_answered(business, mails.assign(following=following)),
        came=came,
    )


def _is_answered(business: Business, mails: pd.DataFrame) -> pd.Series:
    """Whether an answer came on the day of each mail or after it, before the next."""
    contacts = business.table("contacts")
    answers = contacts.filter(contacts.kind.lower() == ANSWER).select("customer_id", "contacted_on").execute()
    pairs = mails.reset_index()[["index", "customer_id", "enrolled_on", "after", "following"]]
    pairs = pairs.merge(answers, on="customer_id")
    day = (pd.to_datetime(pairs["contacted_on"]) - pd.to_datetime(pairs["enrolled_on"])).dt.days
    hit = pairs.loc[(day >= pairs["after"]) & (day < pairs["following"]), "index"]
    return pd.Series(mails.index.isin(hit), index=mails.index)


def baselines(natural: pd.DataFrame) -> dict[str, float]:
    """The return that a campaign is planned against, by kind: their own where enough were followed."""
    own = natural[(natural["days"] == LAST) & (natural["followed"] >= FEWEST_FOLLOWED)]
    told = dict(zip(own["kind"], own["share"], strict=True))
    return {kind: float(np.clip(told.get(kind, USUAL_RETURN), 0.01, 0.99)) for kind in KINDS}
