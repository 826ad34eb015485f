"""What each campaign added: who was mailed against who was held out by lot, read as an experiment is.

Looks, limits, the exact test and the words are those of the experiments: a look a month, the interval at the
look's own level, planned for a gain of SMALLEST_EFFECT. Everybody counts in the group they were drawn into;
compared is only who was drawn in a month in which a lot fell, for the rest were other months' customers.
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
    SHARE,
    TEXT,
    columns,
    names_of,
    one_of,
)
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
TOLERATED, FEWEST_ODD = 0.02, 3  # in both groups, or held out and mailed: a share, and so many, spoil it

STANDING = {"silent": LAPSED, "win_back": GONE}  # by the names that the plan and the command know
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

    Columns: campaign, customer_id, group, enrolled_on, in_both (was drawn into the other group too),
    mailed_anyway (held out, and a mail of the campaign went to them by day LAST), kind
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
                 _amounts(business, first), _mailed_anyway(business, first)):  # fmt: skip
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
            "mailed_anyway": rows["mailed_anyway"].fillna(False).astype(bool),
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
    in_both = drawn.group.min().over(own) != drawn.group.max().over(own)
    numbered = drawn.mutate(nth=ibis.row_number().over(first), in_both=in_both)
    kept = numbered.filter(numbered.nth == 0)
    return kept.select(*EACH, "group", "enrolled_at", "enrolled_on", "in_both")


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


def _mailed_anyway(business: Business, drawn: ir.Table) -> ir.Table:
    sent = business.table("emails").select("customer_id", "sent_on", label="campaign")
    pairs = drawn.filter(drawn.group == HELD_OUT).join(sent, "customer_id")
    since = pairs.sent_on.delta(pairs.enrolled_on, unit="day")
    own = pairs.filter(is_of(pairs.label, pairs.campaign) & since.between(0, LAST))
    return own.group_by(EACH).aggregate(mailed_anyway=own.count() > 0)


def is_of(label: ir.StringValue, campaign: ir.StringValue | str) -> ir.BooleanValue:
    """Whether a mail belongs to a campaign: by its name, alone or with `_1`, `_2` … behind it."""
    name = ibis.literal(campaign) if isinstance(campaign, str) else campaign
    return (label == name) | (label.startswith(name + "_") & label.substr(name.length()).re_search(r"^_\d+$"))


def _amounts(business: Business, drawn: ir.Table) -> ir.Table:
    spans = kept_spans(business)
    last = (drawn.enrolled_on + ibis.interval(days=LAST)).cast("date")
    pairs = drawn.mutate(last_on=last).join(spans, "customer_id")
    return pairs.group_by(EACH).aggregate(mrr_90=pairs.mrr.sum(where=covers(pairs, pairs.last_on)))


# ------------------------------------------------------------------------------------------- reading


def effect_on(baseline: float) -> float:
    """The gain that a campaign is planned for: SMALLEST_EFFECT, or half of what is left to gain.

    >>> effect_on(0.05), round(effect_on(0.93), 3)
    (0.1, 0.035)
    """
    return min(SMALLEST_EFFECT, (1 - baseline) / 2)


@dataclass(frozen=True)
class Campaign:
    """A campaign with its customers, and how often its comparison may err.

    Attributes:
        kind: whom it was for: the more frequent of its customers' kinds.
        rows: those of that kind; by_lot are those who are compared.
        not_of_kind: how many others were drawn: those who had come back before the draw, or were never gone.
        reason: why its groups cannot be compared; "" where they can.
        comparison: mailed against held out, look by look, up to the one that told them apart.
        limit: how many standard errors from 0 the last look has to be; NaN without one.
        effect: the gain that it was planned for.
        needed: customers a group.
    """

    name: str
    kind: str
    rows: pd.DataFrame
    not_of_kind: int
    reason: str
    comparison: Comparison
    effect: float
    needed: int
    limit: float = math.nan

    @property
    def last(self) -> Look | None:
        return self.comparison.looks[-1] if self.comparison.looks else None

    def of(self, group: str) -> pd.DataFrame:
        return self.rows[self.rows["group"] == group]

    def compared(self, group: str) -> pd.DataFrame:
        return self.rows[(self.rows["group"] == group) & self.rows["by_lot"]]

    def judged(self, group: str) -> pd.DataFrame:
        """The customers whose last day is past at the look that counts."""
        own = self.compared(group)
        until = self.last.month if self.last else ""
        is_past = own["followed"] >= LAST
        return own[is_past & (own["reached_in"] <= until)] if self.last else own[is_past]


def read_campaigns(business: Business, baselines: Mapping[str, float]) -> list[Campaign]:
    """Every campaign of `enrolments` as it stands at the month's end, the latest draw first.

    Takes the natural return by kind, from which the size is planned. A campaign of the owner's own that was
    drawn in one month has the size that its draw gave it, and one look; one that goes on, as the standing
    ones do, is looked at every month up to the planned size, or to the look that tells its groups apart
    (of those who pay, only where fewer are back: a harm may yet be seen). Campaigns that are open at the same
    time share the 5 % (Holm).

    Glossary: what a campaign added.
    """
    rows = enrolled(business)
    latest = rows.groupby("campaign")["enrolled_on"].max().sort_values(ascending=False, kind="stable")
    found = [
        _campaign(str(name), rows[rows["campaign"] == name], baselines, sees_use(business))
        for name in latest.index
    ]
    return _with_limits(found)


def _campaign(name: str, rows: pd.DataFrame, baselines: Mapping[str, float], has_events: bool) -> Campaign:
    kinds = rows["kind"].value_counts()
    kind = str(kinds.index[0]) if len(kinds) else GONE
    known = rows[rows["kind"] == kind]
    drawn_in = pd.to_datetime(known["enrolled_on"]).dt.strftime("%Y-%m")
    by_lot = known.groupby(drawn_in)["group"].transform("nunique") > 1
    reason = _reason(rows, kind, is_drawn=bool(by_lot.any()), has_events=has_events)
    known = known.assign(by_lot=by_lot | (reason == NOT_CREDITED))
    compared = known[known["by_lot"]]
    at_once = name not in STANDING and drawn_in[known["by_lot"]].nunique() == 1
    planned_looks = 1 if at_once else MOST_LOOKS
    effect = effect_on(baselines[kind])
    needed = size(baselines[kind], effect, looks=planned_looks)
    looks = looks_until_full(_month_ends(compared), needed / 2, planned_looks)
    if at_once:
        is_over = bool((compared["followed"] >= LAST).all())
        looks = looks[-1:] if is_over else ()
    else:
        is_over = bool(looks) and is_full(looks[-1], needed / 2, MOST_LOOKS)
    information = looks[-1].information if at_once and looks else needed / 2
    is_over = is_over and reason != NOT_CREDITED
    comparison = Comparison(name, MAILED, looks, information, is_over, is_over, not reason)
    return Campaign(name, kind, known, len(rows) - len(known), reason, comparison, effect, needed)


def _reason(rows: pd.DataFrame, kind: str, *, is_drawn: bool, has_events: bool) -> str:
    """Why the groups of a campaign cannot be compared, or ""."""
    if not is_drawn:
        return NOT_CREDITED
    odd = int((rows["in_both"] | rows["mailed_anyway"]).sum())
    is_spoiled = odd >= FEWEST_ODD and odd > TOLERATED * len(rows)
    return "not interpretable" if is_spoiled or (kind == LAPSED and not has_events) else ""


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


def _with_limits(found: Sequence[Campaign]) -> list[Campaign]:
    """Each up to the look that told its groups apart, or its last, with the limit of that look.

    At the end of each month those share the 5 % of which that was not so before.
    """
    told: dict[int, Campaign] = {}
    for end in sorted({look.month for one in found for look in one.comparison.looks}):
        going_on = [place for place in range(len(found)) if place not in told]
        known = [found[place].comparison.at(end) for place in going_on]
        for place, one, share in zip(going_on, known, alphas(known), strict=True):
            has_news = bool(one.looks) and one.looks[-1].month == end
            if has_news and ((one.is_over and one.is_last) or _ends(found[place], one, share)):
                limit = one.limits(share)[-1]
                told[place] = replace(found[place], comparison=replace(one, is_over=True), limit=limit)
    going_on = [place for place in range(len(found)) if place not in told]
    comparisons = [found[place].comparison for place in going_on]
    for place, one, share in zip(going_on, comparisons, alphas(comparisons), strict=True):
        limit = one.limits(share)[-1] if one.looks else math.nan
        told[place] = replace(found[place], limit=limit)
    return [told[place] for place in range(len(found))]


def _ends(campaign: Campaign, known: Comparison, share: float) -> bool:
    """Whether a look ends it: it tells the groups apart, and no harm is left to be seen.

    Of those who pay, a gain ends nothing before the planned size: more may yet be seen to leave.
    """
    return known.rejects(share) and (campaign.kind == GONE or known.differences(share)[-1].high < 0)


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
    word = verdict(difference(campaign.last.table, campaign.limit), campaign.effect)
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
    not_compared=COUNT("Not compared"),
    in_both=COUNT(is_shown=False),
    mailed_anyway=COUNT("Held out, mailed all the same"),
    difference=POINTS.estimate("Added"),
    p_value=P_VALUE("p"),
    harm=POINTS.estimate("More asked or left"),
    net_mrr=MONEY.or_null.estimate("MRR it added"),
    smallest_effect=SHARE(is_shown=False),
    needed=COUNT("Needed a group"),
    verdict=one_of(*VERDICTS),
)
def campaigns(found: Sequence[Campaign]) -> pd.DataFrame:
    """One row per campaign: who was back by day LAST, mailed against held out, and what that cost.

    `difference`, `harm` and `net_mrr` have the interval of the look that counts; p is Boschloo's exact test
    (of many customers the score test). `harm` is the difference in those who asked to cancel or left by day
    LAST. `net_mrr` is the MRR of the mailed on day LAST, less as much a head as the held-out pay (Welch). Not
    compared are customers who had come back before the draw (or, of a campaign for those who pay, had left),
    and those drawn in a month in which no lot fell: everybody was mailed then.
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
        not_compared = one.not_of_kind + int((~one.rows["by_lot"]).sum())
        odd = [int(one.rows[name].sum()) for name in ("in_both", "mailed_anyway")]
        rows.append((one.name, one.kind, last_draw, *drawn, *sides[0], *sides[1], not_compared, *odd, *gain,
                     p, *harm_of(one), *_net_mrr(one), one.effect, one.needed, word_of(one)))  # fmt: skip
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
                own = one.compared(group)
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
    own = sent.filter(is_of(sent.campaign, campaign.name))
    days = ["customer_id", "sent_at", "sent_on", "opened_on", "clicked_on"]
    mails = own.select(*days, label="campaign").execute()
    mails = mails.merge(campaign.of(MAILED)[["customer_id", "enrolled_on", "back_days"]], on="customer_id")
    tail = mails["label"].str.removeprefix(campaign.name).str.removeprefix("_")
    after = (pd.to_datetime(mails["sent_on"]) - pd.to_datetime(mails["enrolled_on"])).dt.days
    mails = mails.assign(number=pd.to_numeric(tail, errors="coerce"), after=after)[after >= 0]
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
