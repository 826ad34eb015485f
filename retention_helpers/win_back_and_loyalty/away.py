"""Who is away at each month end: still paying without any use, or gone for up to a year.

One table for the last months, in which whoever is away stands once a month end: the list of today, the pace
at which customers go away, and how many come back by themselves all read it.
"""

import datetime as dt
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retention_helpers.business import Business, months
from retention_helpers.business.contacts import LATELY_CONTACTED_DAYS, last_contacts
from retention_helpers.business.losses import holds, kept_leavings, latest_requests
from retention_helpers.business.spans import kept_services, kept_spans, past_due
from retention_helpers.contract.tables import MAY_NOT
from retention_helpers.engine.dialects import nearest
from retention_helpers.shown.units import COUNT, MONEY, RATE, columns, names_of, one_of
from retention_helpers.statistics.clusters import clustered_rate
from retention_helpers.words import calendar

MAIL = "mail"  # the kind of touch that a campaign is, and an experiment may try
LAPSED, GONE = "lapsed", "gone"
KINDS = (LAPSED, GONE)
SILENT_DAYS = 30  # without use, or with mails that nobody opens
GONE_DAYS = 365  # who left longer ago is no longer asked back
JUST_LEFT_DAYS = 30  # they are asked why they left before anything else
LOOK_BACK = 24  # month ends
FEWEST_MAILS, MAIL_DAYS, DAYS_TO_OPEN = 3, 90, 3  # without events: so many mails lately, none of them opened
BACK_DAYS = (14, 30, 90)
LAST = BACK_DAYS[-1]
KEYS = ["customer_id", "as_of"]

CAUSES = {
    "may_not": "not to be contacted",
    "drawn": "in an experiment or a campaign that is not decided",
    "contacted": f"contacted in the last {LATELY_CONTACTED_DAYS} days",
    "asked": "asked to cancel",
    "past_due": "past due",
    "just_left": f"left within {JUST_LEFT_DAYS} days: asked why first",
    "urgent": "a more urgent touch comes first",
}


def month_ends(business: Business) -> ir.Table:
    """The last LOOK_BACK midnights that end a month: as_of, last_day."""
    ends = [calendar.months_after(month, 1) for month in months.month_starts(business)][-LOOK_BACK:]
    frame = pd.DataFrame({"as_of": ends, "last_day": [end - dt.timedelta(days=1) for end in ends]})
    return ibis.memtable(frame, schema={"as_of": "date", "last_day": "date"})


def away_table(business: Business) -> ir.Table:
    """A row a customer a month end at which the customer is away.

    Lapsed: pays, and has not used it for SILENT_DAYS days or more; without events, was sent FEWEST_MAILS
    mails or more in the last MAIL_DAYS days and opened none. Gone: no customer, and left at most GONE_DAYS
    days ago. Columns: customer_id, as_of, kind, since_on (the last use, or the end of service), days (whole
    days since then), mrr (of now, or of the end), plan, asked (has asked to cancel, and the request
    still holds: `losses.holds`), is_new (was not away in that way a month before; null at the first month
    end), back_on (the first use, or begin of service, from that month end on; null: none by the cut).

    Glossary: lapsed; gone.
    """
    found = _gone(business).union(_lapsed(business))
    ordered = ibis.window(group_by=["customer_id", "kind"], order_by="as_of")
    first = month_ends(business).as_of.min().as_scalar()
    before = found.as_of.lag().over(ordered)
    month_before = (found.as_of - ibis.interval(months=1)).cast("date")
    is_new = before.isnull() | (before < month_before)
    marked = found.mutate(
        days=(found.as_of.delta(found.since_on, unit="day") - 1),
        is_new=ibis.ifelse(found.as_of > first, is_new, ibis.null("boolean")),
    )
    return _with_return(business, marked)


def kept_away(business: Business) -> ir.Table:
    """`away_table`, computed once."""
    return business.keep("away", lambda: away_table(business))


def _gone(business: Business) -> ir.Table:
    own, ends = kept_services(business), month_ends(business)
    pairs = own.join(ends, own.begin_on <= ends.last_day)
    lasts = pairs.end_on.isnull() | (pairs.end_on > pairs.last_day)
    seen = pairs.group_by(["customer_id", "as_of"]).aggregate(
        is_there=lasts.any(), since_on=pairs.end_on.max(where=~lasts)
    )
    is_recent = seen.as_of.delta(seen.since_on, unit="day") <= GONE_DAYS
    away = seen.filter(~seen.is_there & is_recent)
    spans = kept_spans(business)
    last = away.join(spans, [away.customer_id == spans.customer_id, away.since_on == spans.end_on])
    worth = last.group_by(KEYS).aggregate(mrr=last.mrr.sum(), plan=last.plan.min())
    found = away.join(worth, KEYS)
    return found.select(
        *KEYS,
        "since_on",
        "plan",
        kind=ibis.literal(GONE),
        mrr=found.mrr.cast("decimal(18, 6)"),
        asked=ibis.literal(False),
    )


def _lapsed(business: Business) -> ir.Table:
    """Who pays and is silent; by mails where there are no events."""
    states = months.month_ends(business)
    paying = states.filter(states.state == "paying").select(
        "customer_id", "plan", "interval", as_of="next_month", mrr="mrr"
    )
    paying = paying.semi_join(month_ends(business), "as_of")
    left = kept_leavings(business)
    pairs = paying.join(left, [paying.customer_id == left.customer_id, left.begin_on < paying.as_of])
    lasting = pairs.filter(pairs.ended_on.isnull() | (pairs.ended_on >= pairs.as_of))
    begun = lasting.group_by(KEYS).aggregate(begin_on=lasting.begin_on.max())
    requests = latest_requests(business, month_ends(business))
    rows = paying.join(begun, KEYS).left_join(requests, KEYS).drop("customer_id_right", "as_of_right")
    rows = rows.mutate(asked=holds(business, rows.asked_on, rows.as_of, rows.interval))
    silent = _silent_use(business, rows) if sees_use(business) else _silent_mails(business, rows)
    return silent.select(
        *KEYS,
        "since_on",
        "plan",
        kind=ibis.literal(LAPSED),
        mrr=silent.mrr.cast("decimal(18, 6)"),
        asked=silent.asked,
    )


def sees_use(business: Business) -> bool:
    """Whether any use was recorded at all."""
    return bool(business.once("sees use", lambda: months.days_of_use(business).count().execute() > 0))


def sees_mails(business: Business) -> bool:
    """Whether any mail was seen to be opened or clicked; else nobody could be."""
    sent = business.table("emails")
    is_read = sent.opened_on.notnull() | sent.clicked_on.notnull()
    return bool(business.once("sees mails", lambda: sent.filter(is_read).count().execute() > 0))


def sees_silence(business: Business) -> bool:
    """Whether anything tells who is lapsed: use, or mails of which somebody opened one."""
    return sees_use(business) or sees_mails(business)


def use_by_month(business: Business) -> ir.Table:
    """A row a customer a month with use: its first and last day."""
    days = months.days_of_use(business)
    return days.group_by(["customer_id", days.day.truncate("M").name("used_in")]).aggregate(
        first_use_on=days.day.min(), last_use_on=days.day.max()
    )


def _silent_use(business: Business, rows: ir.Table) -> ir.Table:
    began = pd.Timestamp(months.days_of_use(business).day.min().execute()).date()
    used = use_by_month(business).select("customer_id", "last_use_on")
    seen = nearest(rows, used, on="as_of", day="last_use_on", later=False)
    day_before = ibis.interval(days=1)
    since = ibis.greatest(
        seen.last_use_on,
        (seen.begin_on - day_before).cast("date"),
        ibis.literal(began - dt.timedelta(days=1)),
    )
    marked = seen.mutate(since_on=since)
    return marked.filter(marked.as_of.delta(marked.since_on, unit="day") - 1 >= SILENT_DAYS)


def _silent_mails(business: Business, rows: ir.Table) -> ir.Table:
    sent = business.table("emails")
    ends = month_ends(business)
    age = ends.as_of.delta(sent.sent_on, unit="day") - 1
    near = sent.join(ends, age.between(DAYS_TO_OPEN, MAIL_DAYS))
    read = (near.opened_on < near.as_of) | (near.clicked_on < near.as_of)
    counted = near.group_by(KEYS).aggregate(
        mails=near.count(), opened=near.count(where=read.fill_null(False)), since_on=near.sent_on.min()
    )
    unread = counted.filter(
        (counted.mails >= FEWEST_MAILS) & (counted.opened == 0) & ibis.literal(sees_mails(business))
    )
    return rows.join(unread, KEYS)


def _with_return(business: Business, rows: ir.Table) -> ir.Table:
    own = kept_services(business).select("customer_id", "begin_on")
    back = nearest(rows, own, on="as_of", day="begin_on", later=True)
    used = use_by_month(business).select("customer_id", "first_use_on")
    both = nearest(back, used, on="as_of", day="first_use_on", later=True)
    names = [*KEYS, "kind", "since_on", "days", "mrr", "plan", "asked", "is_new"]
    return both.select(*names, back_on=ibis.ifelse(both.kind == GONE, both.begin_on, both.first_use_on))


def away(business: Business, drawn: pd.DataFrame, urgent: pd.DataFrame) -> pd.DataFrame:
    """One row per customer who is away at the month's end, and why nothing is sent to them.

    `kind`, `since_on`, `days`, `mrr` and `plan` as in `away_table`; `cause` is the first of CAUSES that
    holds, "" for those who can be written to. Takes the draws of the experiments and campaigns, and the more
    urgent proposals of the month. The largest MRR first.

    Glossary: left out of a campaign.
    """
    table = kept_away(business)
    rows = table.filter(table.as_of == business.as_of).drop("as_of", "is_new", "back_on").execute()
    who, undecided = rows["customer_id"], drawn[drawn["is_open"].astype(bool) | (drawn["treatment"] == MAIL)]
    contacts = last_contacts(business)
    lately = set(contacts.loc[contacts["days_ago"] < LATELY_CONTACTED_DAYS, "customer_id"])
    holds = {
        "may_not": who.isin(_refused(business)),
        "drawn": who.isin(undecided["customer_id"]),
        "contacted": who.isin(lately),
        "asked": rows["asked"].astype(bool),
        "past_due": who.isin(past_due(business)) & (rows["kind"] == LAPSED),
        "just_left": (rows["kind"] == GONE) & (rows["days"] < JUST_LEFT_DAYS),
        "urgent": who.isin(urgent["customer_id"]),
    }
    assert list(holds) == list(CAUSES)
    cause = np.select(list(holds.values()), list(holds), "")
    ordered = rows.assign(cause=cause).sort_values(["mrr", "customer_id"], ascending=[False, True])
    return ordered.drop(columns="asked").reset_index(drop=True)


@columns(
    kind=one_of(*KINDS)("Who"),
    customers=COUNT,
    mrr=MONEY("MRR at stake"),
    **{cause: COUNT(words[:1].upper() + words[1:], is_shown=None) for cause, words in CAUSES.items()},
    to_write_to=COUNT("To write to"),
    mrr_to_write_to=MONEY("Their MRR"),
)
def who_is_away(business: Business, found: pd.DataFrame) -> pd.DataFrame:
    """One row for the lapsed, one for the gone: how many, why not all are written to, what is at stake.

    A customer counts under the first cause that holds. Takes `away`. Where neither use nor the reading of
    mails is seen, it is not known who has lapsed, and there is no row for them.

    Glossary: left out of a campaign.
    """
    rows = []
    for kind in KINDS if sees_silence(business) else (GONE,):
        own = found[found["kind"] == kind]
        free = own[own["cause"] == ""]
        counts = [int((own["cause"] == cause).sum()) for cause in CAUSES]
        rows.append((kind, len(own), _total(own), *counts, len(free), _total(free)))
    return pd.DataFrame(rows, columns=names_of(who_is_away))


def _refused(business: Business) -> set[str]:
    customers = business.table("customers")
    return set(customers.filter(customers.may_contact == MAY_NOT).customer_id.execute())


def knows_refusals(business: Business) -> bool:
    """Whether `may_contact` says anything of anybody."""
    customers = business.table("customers")
    return bool(customers.filter(customers.may_contact.notnull()).count().execute())


def _total(rows: pd.DataFrame) -> Decimal:
    return sum(rows["mrr"], Decimal(0))


@columns(
    kind=one_of(*KINDS)("Who"),
    days=COUNT("Within days"),
    back=COUNT(is_shown=False),
    followed=COUNT("Followed"),
    share=RATE("Came back by themselves", of=("back", "followed")),
    a_month=COUNT("New a month", is_shown=False),
)
def natural_return(business: Business) -> pd.DataFrame:
    """One row per kind and number of days: how many came back without any campaign.

    Of everybody who was found away at a past month end, had not been so a month before and had not asked to
    cancel, the days are counted from that month end; only of month ends since which so many days have passed,
    and none of whose customers a campaign mailed within these days: were only those left out whom it mailed,
    who came back before would stay and who did not would go. Who was mailed in the LAST days before is left
    out. `a_month` is how many who may be contacted are found newly away in a month, on the average of the
    last twelve.

    Glossary: natural return.
    """
    table = kept_away(business)
    new = table.filter(table.is_new & ~table.asked)
    rows = new.select("customer_id", "as_of", "kind", "back_on").execute()
    for day in ("as_of", "back_on"):
        rows[day] = pd.to_datetime(rows[day])
    cut = pd.Timestamp(business.as_of)
    lately = rows[rows["as_of"] > cut - pd.DateOffset(months=12)]
    seen = max(lately["as_of"].nunique(), 1)
    lately = lately[~lately["customer_id"].isin(_refused(business))]
    mailed_after = _mailed_after(business, rows)
    rows, mailed_after = rows[~(mailed_after < 0)], mailed_after[~(mailed_after < 0)]
    first_mail = mailed_after.groupby([rows["kind"], rows["as_of"]]).transform("min")
    after = (rows["back_on"] - rows["as_of"]).dt.days
    records = []
    for kind in KINDS:
        for days in BACK_DAYS:
            own = (rows["kind"] == kind) & (rows["as_of"] + pd.Timedelta(days=days) <= cut)
            own &= ~(first_mail <= days)
            own &= kind == GONE or sees_use(business)  # else nobody could be seen to come back
            cluster = pd.factorize(rows.loc[own, "customer_id"])[0]
            share = clustered_rate((after[own] <= days).to_numpy(), cluster)
            a_month = round(int((lately["kind"] == kind).sum()) / seen)
            records.append(
                (kind, days, share.numerator, share.denominator, share.value, share.low, share.high, a_month)
            )
    return pd.DataFrame(records, columns=names_of(natural_return))


def _mailed_after(business: Business, rows: pd.DataFrame) -> pd.Series:
    """In days from each row's month end: the first mail of a campaign from LAST days before it on; or NaN."""
    drawn = business.table("enrolments")
    mailed = drawn.filter(drawn.group == "mailed").select("customer_id", "enrolled_on").execute()
    pairs = rows.reset_index()[["index", "customer_id", "as_of"]].merge(mailed, on="customer_id")
    pairs["days"] = (pd.to_datetime(pairs["enrolled_on"]) - pairs["as_of"]).dt.days
    first = pairs[pairs["days"] >= -LAST].groupby("index")["days"].min()
    return first.reindex(rows.index)
