"""The sentences about reasons."""

from typing import Any

import pandas as pd

from retention_helpers.churn_reasons import Period, order_is_clear
from retention_helpers.churn_reasons.did import STAY, Usual
from retention_helpers.churn_reasons.features import ASKING, UNNAMED
from retention_helpers.churn_reasons.topics import NO_THEME
from retention_helpers.shown.sentences import Sentence, listed
from retention_helpers.statistics.intervals import Rate, rate
from retention_helpers.words import formats

QUARTER = 3  # months; longer comparisons have no table
NAMED = 3  # reasons of a sentence
STAND_OUT = ("above the rest", "below the rest")


def _span(when: Period) -> str:
    return formats.month_span(when.first, when.last)


def _in(when: Period) -> str:
    return f"in {_span(when)}" if when.months == 1 else f"from {_span(when)}"


def _named(reason: str) -> str:
    return f"“{reason.replace('_', ' ')}”"


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def coverage(heard: pd.DataFrame) -> Sentence:
    """How many of those lost in the month said why."""
    now = heard.iloc[0]
    month = formats.month_span(now["first_month"], now["last_month"])
    if not now["lost"]:
        return Sentence(f"Nobody was lost in {month}, so there is no reason to look for.")
    biller = f"the biller ended {formats.count(now['involuntary'])}" if now["involuntary"] else ""
    parts = [
        (now["answered"], "said why"),
        (now["not_answered"], "did not answer"),
        (now["not_asked"], "was not asked" if now["not_asked"] == 1 else "were not asked"),
    ]
    said = listed([f"{formats.count(many)} {what}" for many, what in parts if many])
    decided = f"of the {formats.count(now['decided'])} who decided to leave, {said}" if said else ""
    told = "; ".join(part for part in (biller, decided) if part) if biller else said
    return Sentence(f"Of {formats.plural(now['lost'], 'customer')} lost in {month}, {told}.")


def period(heard: pd.DataFrame, when: Period, fewest: int) -> Sentence:
    """Which months the page leads with, and why."""
    now = heard.iloc[0]
    month = formats.month_span(now["first_month"], now["last_month"])
    answers = formats.plural(int(now["answered"]), "answer")
    own = int(heard.loc[heard["first_month"] == when.first, "answered"].iloc[0])
    least = formats.count(fewest)
    if when.months == 1 and own >= fewest:
        return Sentence(f"This page leads with {month} alone: it has {answers}, and {least} are enough.")
    if own >= fewest:
        return Sentence(
            f"{month} has {answers}, fewer than {least}. So this page leads with {_span(when)}, with "
            f"{formats.plural(own, 'answer')}."
        )
    if not own:
        return Sentence(f"Nobody said why {_in(when)}.")
    return Sentence(
        f"There are fewer than {least} answers even {_in(when)} ({formats.count(own)}). So the reasons "
        "stand in the order of the list: a ranking of so few would be chance."
    )


def silent(groups: pd.DataFrame) -> Sentence:
    """Whether those who said nothing differ from those who answered."""
    out = groups[groups["verdict"].isin(STAND_OUT)]
    if groups.empty:
        return Sentence("Nobody decided to leave in this time.")
    if not groups["verdict"].isin(["no clear difference", *STAND_OUT]).any():
        return Sentence("Too few, or too much of one kind, to say whether the silent are like the others.")
    if out.empty:
        return Sentence(
            "No plan, stage of tenure or MRR band is clearly more or less silent than the others. With so "
            "few, that does not prove that the silent left for the same reasons."
        )
    said = [
        f"{row.level} {formats.rate(row.silent_share, row.silent_share_low, row.silent_share_high)}, "
        f"{row.verdict}"
        for row in out.itertuples()
    ]
    return Sentence(
        f"Silent more or less often: {'; '.join(said)}. For them the reasons of the others may not hold."
    )


def base(heard: pd.DataFrame, when: Period) -> str:
    """What the shares are shares of, as the title of a table and of its figure."""
    row = heard[heard["first_month"] == when.first].iloc[0]
    answers = formats.plural(int(row["answered"]), "answer")
    return f"{answers} of {formats.count(row['decided'])} who decided to leave, {_span(when)}"


def base_beside(top: pd.DataFrame, when: Period) -> str:
    """The same for the longer period beside it."""
    answers = formats.plural(int(top["answered"].iloc[0]) if len(top) else 0, "answer")
    return f"For comparison: {answers}, {_span(when)}"


def shares(top: pd.DataFrame, when: Period, currency: str, *, fewest: int) -> Sentence:
    """The reason named most, within which bounds, and whether it is clearly the first."""
    if top.empty:
        return Sentence(f"Nobody gave a reason {_in(when)}.")
    answered = int(top["answered"].iloc[0])
    if answered < fewest:
        return Sentence(
            f"{formats.plural(answered, 'answer')} {_in(when)}: too few to say which reason is the most "
            "common."
        )
    first = top.iloc[0]
    share = formats.rate(first["share"], first["share_low"], first["share_high"])
    text = (
        f"{_begun(_in(when))}, {formats.count(first['customers'])} of {formats.count(answered)} who "
        f"answered named {_named(first['reason'])}: {share}. Whatever the silent would have said, it is "
        f"between {formats.percent(first['at_least_share'])} and {formats.percent(first['at_most_share'])} "
        "of all who decided to leave. These customers paid "
        f"{formats.money(first['mrr_lost'], currency)} a month."
    )
    if len(top) == 1:
        return Sentence(text)
    second = f"{_named(top['reason'].iloc[1])} ({formats.count(top['customers'].iloc[1])})"
    order = (
        f"It is clearly ahead of {second}."
        if order_is_clear(top)
        else f"Whether it is really ahead of {second} cannot be told from so few."
    )
    return Sentence(f"{text} {order}")


def unmapped(codes: pd.DataFrame) -> Sentence:
    """Which codes of the source no map knows, and the way out."""
    if codes.empty:
        return Sentence("There is no code in the data that the list of reasons does not know.")
    many, by_biller = int(codes["customers"].sum()), int(codes["involuntary"].sum())
    ended = f" The biller ended {formats.count(by_biller)} of them: their cause is “not said”."
    return Sentence(
        f"{formats.plural(many, 'customer')} left with a reason that no map knows: such an answer counts as "
        f"“unmapped”.{ended if by_biller else ''} Say in retention.yml what each code means, such as "
        "reason_map: {your code: too_expensive}."
    )


def change(moved: pd.DataFrame, now: Period, before: Period) -> Sentence:
    """Which reasons are named more or less often than before."""
    if moved.empty:
        return Sentence(f"There are no answers to compare {_in(now)}.")
    if not before.months:
        return Sentence(f"The data begin with {_span(now)}: there is nothing to compare with yet.")
    counts = [formats.plural(int(moved[name].iloc[0]), "answer") for name in ("answered", "answered_before")]
    spans = f"{_span(now)} ({counts[0]}) against {_span(before)} ({counts[1]})"
    if (moved["verdict"] == "too few").all():
        return Sentence(f"{spans}: too few answers to compare.")
    out = moved[moved["verdict"].isin(["rose", "fell"])]
    if out.empty:
        return Sentence(
            f"{spans}: no reason is named clearly more or less often. So few answers cannot tell a small "
            "change from none."
        )
    said = [
        f"{_named(row.reason)} {row.verdict} from {formats.percent(row.before_share)} to "
        f"{formats.percent(row.share)}, "
        f"{formats.difference(row.share_change, row.share_change_low, row.share_change_high)}"
        " percentage points"
        for row in out.itertuples()
    ]
    others = " The others show no clear change." if len(out) < len(moved) else ""
    return Sentence(f"{spans}: {'; '.join(said)}.{others}")


def leading_change(moved: pd.DataFrame, when: Period, before: Period) -> Sentence:
    """Which comparison the first screen takes its verdicts from; itself, where no table shows it."""
    if when.months > QUARTER:
        return change(moved, when, before)
    return Sentence(f"The verdicts of the first screen are those of {_span(when)}.")


def over_time(blocks: pd.DataFrame) -> Sentence:
    """Between what the first reason has moved, in periods with enough answers to speak of a share."""
    if blocks.empty:
        return Sentence("There is no time to look back on yet.")
    first = blocks["reason"].iloc[0]
    own = blocks[(blocks["reason"] == first) & blocks["enough"]]
    if len(own) < 2:
        return Sentence("Fewer than two periods have enough answers: there is nothing to compare yet.")
    ends = [own.loc[own["share"].idxmin()], own.loc[own["share"].idxmax()]]
    said = [
        f"{formats.percent(row['share'], 0)} ({formats.month_span(row['first_month'], row['last_month'])}, "
        f"{formats.plural(int(row['answered']), 'answer')})"
        for row in ends
    ]
    return Sentence(
        f"Where there are enough answers, the share of {_named(first)} lay between {said[0]} and "
        f"{said[1]}. The longer a bar, the fewer the answers behind it: believe what lasts, not one jump."
    )


def groups(tested: pd.DataFrame, parts: pd.DataFrame) -> Sentence:
    """Whether different customers leave for different reasons."""
    judged = tested[tested["verdict"].isin(["differs", "no clear difference"])]
    if len(tested) and (tested["verdict"] == "the only one").all():
        return Sentence("All who answered are of one kind: there are no groups to compare.")
    if judged.empty:
        return Sentence("Too few answers to say whether different customers leave for different reasons.")
    differing = [_kind(by) for by in judged.loc[judged["verdict"] == "differs", "by"]]
    out = parts[parts["verdict"].isin(STAND_OUT)]
    said = [f"the reasons differ by {listed(differing)}"] if differing else []
    said += [
        f"of {formats.plural(int(row.answered), 'answer')} with {_kind(row.by)} {row.level}, "
        f"{formats.count(row.customers)} name {_named(row.reason)}, "
        f"{formats.rate(row.share, row.share_low, row.share_high)}, {row.verdict}"
        for row in out.itertuples()
    ]
    if not said:
        ways = formats.plural(len(judged), "way")
        return Sentence(f"Of {ways} to group customers, the reasons differ clearly in none.")
    return Sentence(f"{_begun('; '.join(said))}.")


def _kind(by: str) -> str:
    """What customers are grouped by, inside a sentence."""
    name = formats.label(by)
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def said_and_did(rows: pd.DataFrame, typical: Usual) -> Sentence:
    """What is usual among those who stay, and who had hardly used it."""
    if not typical.customers:
        return Sentence(
            "Without a table of events nothing is known of what customers did; bring it, and this section "
            "compares."
        )
    usual = (
        f"The middle one of {formats.plural(typical.customers, 'customer')} who stay uses the product on "
        f"{formats.number(typical.days_a_week, 1)} days a week."
    )
    gone, stay = hardly_used(rows), hardly_used(rows, of=STAY)
    if not gone.denominator:
        return Sentence(f"{usual} Of nobody who answered the use before is known.")
    return Sentence(
        f"{usual} Of {formats.count(gone.denominator)} who answered, {formats.count(gone.numerator)} had "
        f"hardly used it before they asked to leave: {formats.rate(gone.value, gone.low, gone.high)}, "
        f"against {formats.percent(stay.value)} of those who stay."
    )


def hardly_used(rows: pd.DataFrame, of: str = "") -> Rate:
    """Who had hardly used it: of all who answered, or of those who stay."""
    own = rows[(rows["reason"] == STAY) == bool(of)]
    return rate(int(own["hardly"].sum()), int(own["customers"].sum()))


def claims(held: pd.DataFrame) -> Sentence:
    """Where what they did speaks against what they said, more often than with the others."""
    known = held[held["customers"] > 0]
    if known.empty:
        return Sentence("There is no reason that could be held against what customers did.")
    out = known[known["verdict"] == "above the rest"]
    if len(out):
        return Sentence(
            f"Ask these before you act on the reason: {'; '.join(map(_claim, out.itertuples()))}."
        )
    most = known.loc[known["contradicting_share"].idxmax()]
    return Sentence(
        "What they did speaks against no reason clearly more often than it does with the others who left. "
        f"The largest share: {_claim(most)}."
    )


def _claim(row: Any) -> str:
    return (
        f"{formats.count(row.contradicting)} of {formats.count(row.customers)} who named "
        f"{_named(row.reason)} {row.did}; of the others who left it is {formats.percent(row.others_share)}"
    )


def themes(rows: pd.DataFrame) -> Sentence:
    """How much of the comments the themes cover."""
    written = int(rows["written"].iloc[0])
    if not written:
        return Sentence("Nobody wrote a comment in this time.")
    named, rest = rows[rows["theme"] != NO_THEME], int(rows["comments"].iloc[-1])
    if named.empty:
        return Sentence(f"{formats.plural(written, 'comment')}, none of them with a phrase of the lists.")
    first = named.iloc[0]
    them = "it" if rest == 1 else "these"
    unread = f" {formats.count(rest)} {'is' if rest == 1 else 'are'} in no theme: read {them} yourself."
    unread = unread if rest else ""
    return Sentence(
        f"Of {formats.plural(written, 'comment')}, {formats.count(written - rest)} hold a phrase of the "
        f"lists. The theme that comes most often is {_named(first['theme'])}, in "
        f"{formats.count(first['comments'])} of them.{unread}"
    )


def requests(rows: pd.DataFrame, unspoken: Rate, currency: str) -> Sentence:
    """The feature that most of those who left had asked for, and how many did not say which."""
    rest = (
        f" {formats.count(unspoken.numerator)} of {formats.count(unspoken.denominator)} who named "
        f"{_named(ASKING)} wrote no word: which one is not known."
        if unspoken.numerator
        else ""
    )
    named = rows[rows["feature"] != UNNAMED]
    if named.empty:
        return Sentence(f"No comment says which feature was missing.{rest}")
    first = named.iloc[0]
    many = int(first["customers"])
    return Sentence(
        f"Asked for most: {first['feature']}, by {formats.plural(many, 'customer')} who paid "
        f"{formats.money(first['mrr_lost'], currency)} a month{'' if many == 1 else ' together'}.{rest}"
    )


def involuntary(causes: pd.DataFrame, when: Period, days: int) -> Sentence:
    """What the biller ended, and how many of them came back."""
    if causes.empty:
        return Sentence(f"The biller ended nobody {_in(when)}.")
    judged, back = int(causes["judged"].sum()), int(causes["paid_again"].sum())
    said = [f"{row.cause.replace('_', ' ')} {formats.count(row.customers)}" for row in causes.itertuples()]
    ended = formats.plural(int(causes["customers"].sum()), "customer")
    wait = formats.plural(days, "day")
    paid = (
        f" Of the {formats.count(judged)} whose end lies at least {wait} back, "
        f"{formats.count(back) if back else 'none'} paid again within that time."
        if judged
        else f" For none of them have {wait} passed yet."
    )
    return Sentence(f"{_begun(_in(when))} the biller ended {ended} ({', '.join(said)}).{paid}")


def failed_payments(together: pd.DataFrame, days: int) -> Sentence:
    """How many of the payments that failed were mended in time."""
    row = together.iloc[0]
    if not row["failures"]:
        return Sentence("No payment failed in this time, or there is no table of payments.")
    if not row["judged"]:
        return Sentence(f"{formats.plural(days, 'day')} have not passed yet since any failed payment.")
    share = formats.rate(row["paid_again_share"], row["paid_again_share_low"], row["paid_again_share_high"])
    paid = int(row["paid_again"])
    return Sentence(
        f"Of {formats.plural(int(row['judged']), 'payment')} that failed at least "
        f"{formats.plural(days, 'day')} ago, {formats.count(paid)} {'was' if paid == 1 else 'were'} paid "
        f"within that time: {share}."
    )


def plays(rows: pd.DataFrame, currency: str) -> Sentence:
    """The play that could reach the most MRR, and how certain that order is."""
    if rows.empty:
        return Sentence("Nobody said why, so there is no play to choose yet.")
    first = rows.iloc[0]
    ends = (first["mrr_a_month"], first["mrr_a_month_low"], first["mrr_a_month_high"])
    amount = formats.amount(*ends, currency)
    text = f"{_named(first['reason'])} costs the most: {amount} of MRR lost to it each month. {first['play']}"
    level = [row for row in rows.iloc[1:].itertuples() if row.mrr_a_month_high > first["mrr_a_month_low"]]
    if not level:
        return Sentence(text)
    names = [_named(row.reason) for row in level[:NAMED]]
    more = [f"{formats.count(len(level) - NAMED)} more"] if len(level) > NAMED else []
    return Sentence(
        f"{text} With so few losses {listed([*names, *more])} may cost as much: choose by what you can do."
    )


def interviews(people: pd.DataFrame, when: Period, done: int, least: object, currency: str) -> Sentence:
    """Whom to call, and how many were called."""
    who = f"lost {_in(when)} who paid at least {formats.money(least, currency)} a month"
    talks = f"{formats.plural(done, 'customer')} interviewed in the last twelve months."
    if people.empty:
        return Sentence(f"Nobody {who} is still to be interviewed. {talks}")
    amount = formats.money(sum(people["mrr"]), currency)
    return Sentence(
        f"{formats.plural(len(people), 'customer')} {who} and {'was' if len(people) == 1 else 'were'} not "
        f"interviewed yet: {amount} of MRR. {talks}"
    )


def enough(rows: pd.DataFrame) -> Sentence:
    """How many interviews are enough."""
    said = [
        f"{formats.count(row.interviews)} if {formats.percent(row.held_by_share, 0)} hold it"
        for row in rows.itertuples()
    ]
    return Sentence(
        f"How many customers to talk to, to hear a reason at least once almost surely: {listed(said)}. "
        "You may stop when three talks in a row bring nothing new."
    )
