"""What the page says of those who are away: whom to win back, and what the campaigns added."""

from typing import Any

import pandas as pd

from retention_helpers.business import Business
from retention_helpers.shown.figures import Figure, effects
from retention_helpers.shown.results import Measure, records, rows_of
from retention_helpers.shown.sentences import Remarks, Sentence, listed
from retention_helpers.shown.units import COUNT, MONEY, by_name, fields, or_null
from retention_helpers.win_back_and_loyalty import answers, away, campaigns, letters, pauses, standing
from retention_helpers.win_back_and_loyalty.away import CAUSES, GONE, KINDS, LAPSED, LAST
from retention_helpers.win_back_and_loyalty.campaigns import NOT_CREDITED, WAKES_LEAVERS
from retention_helpers.words import formats

__all__ = [
    "added", "answered_before", "back_by_day", "by_message", "mails", "natural", "paused_now",
    "paused_or_left", "pauses_of_year", "standing_campaigns", "standing_sentence", "to_answer", "who_is_away",
]  # fmt: skip

NO_HOLD_OUT = "Nobody was held out by lot, so who came back cannot be credited to the campaign"


def away_sentence(rows: pd.DataFrame, business: Business) -> Remarks:
    """How many are lapsed and gone, what they are worth, and who of them is not written to."""
    currency, internal = business.currency, len(business.settings.internal_accounts)
    said = []
    if LAPSED not in set(rows["kind"]) and not business.counts_buyers:
        said.append("Nothing tells who pays without using it: that takes events, or mails that are opened.")
    for row in rows.to_dict(orient="records"):
        who = "pay without using it" if row["kind"] == LAPSED else "left within a year"
        left_out = [
            f"{formats.count(row[cause])} {words.split(':')[0]}"
            for cause, words in CAUSES.items()
            if row[cause]
        ]
        but = f"; left out: {listed(left_out)}" if left_out else ""
        money = formats.money(row["mrr"], currency)
        if not row["customers"]:
            said.append(
                "Nobody pays without using it." if row["kind"] == LAPSED else "Nobody left within a year."
            )
            continue
        said.append(
            f"{formats.plural(row['customers'], 'customer')} {who} ({money} a month): "
            f"{formats.count(row['to_write_to'])} can be written to{but}."
        )
    if not away.knows_refusals(business):
        said.append(
            "Nothing in the data tells who unsubscribed (may_contact): take them out before you send."
        )
    if internal:
        said.append(f"{formats.plural(internal, 'internal account')} counted nowhere.")
    return Remarks(tuple(said))


def standing_sentence(rows: pd.DataFrame) -> Sentence:
    """For each standing campaign who is held out, and when it will be told whether it works."""
    return Sentence(" ".join(_standing_words(row) for row in rows.to_dict(orient="records")))


def _standing_words(row: dict[Any, Any]) -> str:
    name, gain = f"“{row['campaign']}”", formats.size_of_points(row["smallest_effect"])
    if row["way"] == "nobody":
        word = row["verdict"]
        told = "its planned size told no gain" if word == "cannot tell yet" else _in_words(word, gain)
        return f"{name} mails nobody any more: {told}."
    if row["verdict"] == "better":
        return f"{name} mails everybody: {_in_words('better', gain)}."
    if row["way"] == "everybody":
        months = formats.count(standing.MOST_MONTHS)
        pace = f"at this pace no gain of {gain} is told within {months} months"
        return f"{name} mails everybody: {pace}. {NO_HOLD_OUT}."
    month = formats.month(row["verdict_in"])
    return (
        f"{name} holds out {formats.percent(row['share_held_out'], 0)} by lot, until {month} at this pace: "
        f"a gain of {gain} on {formats.percent(row['baseline'], 0)} takes "
        f"{formats.count(row['needed'])} customers in each group."
    )


def added_sentence(rows: pd.DataFrame) -> Remarks:
    """What each campaign added, in words; the promise of 5 to 15 % beside its denominator."""
    if rows.empty:
        return Remarks(("No campaign was drawn yet, so nothing can be said of what one adds.",))
    return Remarks(tuple(_added_words(row) for row in rows.to_dict(orient="records")))


def _added_words(row: dict[Any, Any]) -> str:
    name = formats.words(row["campaign"])
    back, of = formats.count(row["mailed_back"]), formats.count(row["mailed_followed"])
    if row["verdict"] == NOT_CREDITED:
        why = "Who was held out was drawn in other months" if row["held_out_drawn"] else ""
        why = f"{why}, so it cannot be credited to the campaign" if why else NO_HOLD_OUT
        return f"{name}: {back} of {of} mailed were back by day {LAST}. {why}."
    odd = _odd_words(row)
    if row["verdict"] == "not interpretable":
        return f"{name}: its groups cannot be compared; {odd or 'no use is recorded'}."
    if not row["mailed_followed"] or not row["held_out_followed"]:
        return f"{name}: too young, day {LAST} is not past for both groups."
    gain = formats.difference(row["difference"], row["difference_low"], row["difference_high"])
    harm = formats.difference(row["harm"], row["harm_low"], row["harm_high"])
    held = f"{formats.count(row['held_out_back'])} of {formats.count(row['held_out_followed'])} held out"
    word = _in_words(row["verdict"], formats.size_of_points(row["smallest_effect"]))
    return (
        f"{name}: {back} of {of} mailed were back by day {LAST}, and {held}: {gain} points, "
        f"{word}. Asked to cancel or left: {harm} points.{f' But {odd}.' if odd else ''}"
    )


def _odd_words(row: dict[Any, Any]) -> str:
    """What blurs the two groups."""
    both, mailed = row["in_both"], row["mailed_anyway"]
    parts = [f"{formats.count(both)} drawn into both groups"] if both else []
    parts += [f"{formats.count(mailed)} held out were mailed all the same"] if mailed else []
    return listed(parts) if parts else ""


def _in_words(word: str, gain: str) -> str:
    told = {
        "better": "it works",
        "worse": "it does harm",
        WAKES_LEAVERS: "it brings back, but more leave",
        "no large effect": f"no effect of {gain} or more",
    }
    return told.get(word, "which chance alone may make: it cannot be told yet")


def added_figure(rows: pd.DataFrame) -> Figure | None:
    """Each campaign's difference with its interval."""
    drawn = rows.assign(experiment=rows["campaign"], arm="mailed", outcome_kind="back")
    names = {f"difference{end}": f"effect{end}" for end in ("", "_low", "_high")}
    return effects(drawn.rename(columns=names))


def natural_sentence(rows: pd.DataFrame) -> Sentence:
    """How many come back by themselves, beside what is promised of campaigns."""
    own = rows[(rows["days"] == LAST) & (rows["followed"] > 0)]
    who = {LAPSED: "who had fallen silent used it again", GONE: "who had left were customers again"}
    parts = [
        f"{formats.rate_in(row, 'share')} of {formats.count(row['followed'])} {who[row['kind']]}"
        for row in own.to_dict(orient="records")
    ]
    if not parts:
        return Sentence(
            f"Nobody was followed for {LAST} days yet, so nothing is known of who comes back unasked."
        )
    return Sentence(
        f"Without any campaign {listed(parts)} within {LAST} days. The 5 to 15 % that are promised of such "
        "mails "
        "are shares of those mailed, these among them."
    )


def message_sentence(rows: pd.DataFrame) -> Sentence:
    """By which messages they came back."""
    if rows.empty:
        return Sentence("No mail of a campaign stands in the data.")
    best = rows.sort_values("back", ascending=False, kind="stable").iloc[0]
    if not best["back"]:
        return Sentence("Nobody mailed came back yet.")
    return Sentence(
        f"Most came back after message {best['message']} of {formats.words(best['campaign'])} "
        f"({formats.count(best['back'])}); the last has all days to day {LAST} to itself."
    )


def answer_sentence(rows: pd.DataFrame) -> Sentence:
    """How many requests wait for an answer."""
    if rows.empty:
        return Sentence("Nobody is known to have asked to cancel and to be still there.")
    most = rows["offer"].value_counts()
    return Sentence(
        f"{formats.plural(len(rows), 'customer')} asked to cancel and {'is' if len(rows) == 1 else 'are'} "
        f"still there; most often the answer is {most.index[0]} ({formats.count(int(most.iloc[0]))})."
    )


def answered_sentence(rows: pd.DataFrame) -> Sentence:
    """What became of requests that were answered, as an association."""
    told = [row for row in rows.to_dict(orient="records") if row["asked"]]
    parts = [
        f"{formats.count(row['still_there'])} of {formats.count(row['asked'])} {row['answered']}"
        for row in told
    ]
    if not parts:
        return Sentence("No request of the last twelve months is 90 days old yet.")
    only = " No contact of the kind “keep” says that one was answered." if len(told) == 1 else ""
    return Sentence(
        f"Customers 90 days after they had asked: {listed(parts)}. No lot decided who was answered.{only}"
    )


# An experiment on pauses tells of its own arm alone.
_WHO = {"paused": "all who paused, drawn into a test or not", "left outright": "those who left outright"}


def pause_sentence(now: pd.DataFrame, year: pd.DataFrame, after: pd.DataFrame) -> Sentence:
    """How many pause, for how long, who pays again, and whose pause ends."""
    if year.empty:
        return Sentence("Nobody paused.")
    row, due = year.iloc[0], int(now["is_due"].sum())
    paid = [
        f"{formats.rate_in(one, 'share')} of {_WHO.get(one['chose'], one['chose'])}"
        for one in after.to_dict(orient="records")
        if one["followed"]
    ]
    then = f" On day {pauses.PAYING_ON} pay {listed(paid)}; no lot decided who paused." if paid else ""
    return Sentence(
        f"{formats.plural(int(row['began']), 'pause')} in twelve months, "
        f"{formats.tenths(row['median_days'])} days in "
        f"the median; {formats.plural(int(row['paused_twice']), 'customer')} paused more than once. "
        f"{formats.plural(due, 'pause')} should end this month.{then}"
    )


def _away_record(rows: pd.DataFrame) -> dict[str, Any]:
    unknown: dict[str, Any] = dict.fromkeys(KINDS)
    return unknown | {
        row["kind"]: {
            **{name: row[name] for name in ("customers", "mrr", "to_write_to", "mrr_to_write_to")},
            "left_out": {cause: row[cause] for cause in CAUSES},
        }
        for row in rows.to_dict(orient="records")
    }


AWAY = fields(
    customers=COUNT, mrr=MONEY, to_write_to=COUNT, mrr_to_write_to=MONEY,
    left_out=by_name(COUNT, *CAUSES, note="customers by the first cause that holds"),
)  # fmt: skip

who_is_away = Measure(
    away.who_is_away,
    "Who is away, and who can be written to",
    sentence=away_sentence,
    findings={kind: or_null(AWAY) for kind in KINDS},
    part="win_back",
    record=_away_record,
)
natural = Measure(
    away.natural_return,
    "Who comes back without any campaign",
    sentence=natural_sentence,
    findings="natural_return",
    part="win_back",
)
standing_campaigns = Measure(
    letters.plans_of,
    "The standing campaigns",
    sentence=standing_sentence,
    findings="standing",
    part="win_back",
)
added = Measure(
    campaigns.campaigns,
    f"Back by day {LAST}: mailed against held out",
    sentence=added_sentence,
    figure=added_figure,
    findings="campaigns",
    part="win_back",
)
back_by_day = Measure(
    campaigns.back_by_day, "Back within 14, 30 and 90 days", findings="back_by_day", part="win_back"
)
by_message = Measure(
    campaigns.by_message,
    "What came of each message",
    sentence=message_sentence,
    findings="messages",
    part="win_back",
)
mails = Measure(letters.letters, "The mails of this month")
to_answer = Measure(
    answers.to_answer,
    "Whom to answer, and with what",
    sentence=answer_sentence,
    findings="to_answer",
    part="win_back",
)
answered_before = Measure(
    answers.after_answers,
    "What became of earlier requests",
    sentence=answered_sentence,
    findings="answered_before",
    part="win_back",
)
pauses_of_year = Measure(
    pauses.pauses_of_year,
    "Pauses of twelve months",
    findings={"pauses": rows_of(pauses.pauses_of_year)},
    part="win_back",
    record=lambda rows: {"pauses": records(rows, pauses.pauses_of_year)},
)
paused_or_left = Measure(pauses.paused_or_left, "Who pays again", findings="paused_or_left", part="win_back")
paused_now = Measure(
    pauses.paused_now, "Who is paused now", sentence=pause_sentence, findings="paused_now", part="win_back"
)
