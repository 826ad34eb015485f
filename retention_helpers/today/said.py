"""The list of a day in words: its headline, a card a kind of touch, and why it is no longer or empty."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

from retention_helpers.business import Business
from retention_helpers.business.people import people
from retention_helpers.plan.actions import ACTIONS
from retention_helpers.plan.deciding import CAUSES
from retention_helpers.shown.cards import Card, Fine, Line, Lines, Screen
from retention_helpers.shown.sentences import listed
from retention_helpers.today.earlier import Planned
from retention_helpers.today.gathering import Today
from retention_helpers.today.listing import Listed
from retention_helpers.words import formats
from retention_helpers.words.commands import command

MOST_LINES = 30  # of a card
STALE_DAYS = 2  # without any row before the day; then the export may be old
LOOKED_FOR = {
    "recover_payment": "no payment failed",
    "keep": "nobody asked to cancel",
    "trial": "no free time ended or is about to",
    "at_risk": "nobody came to be at risk",
    "onboarding": "no newcomer of day 3 or 7 lacks the onboarding",
    "renewal": "no year renews within 14 days that was not told",
    "pause": "no pause ends",
}
SEEN_BY = {"recover_payment": "payments", "keep": "cancellations", "onboarding": "onboarding",
           "at_risk": "report"}  # fmt: skip
UNSEEN = {
    "payments": "There is no table of payments: only what is past due is seen to have failed.",
    "cancellations": "There is no table of cancellations: nobody is seen to ask.",
    "onboarding": "No event ends the onboarding (`onboarding_event`): newcomers are not looked at.",
}


def headline(today: Today, rows: Sequence[Listed]) -> str:
    """How many customers are on the list, and for what first."""
    on = formats.day(today.day)
    if not rows:
        return f"Nobody is on the list of {on}."
    calls = sum(row.is_call for row in rows)
    ways = [formats.plural(calls, "call")] * bool(calls)
    ways += [formats.plural(len(rows) - calls, "letter")] * (len(rows) > calls)
    return f"{formats.plural(len(rows), 'customer')} on the list of {on}: {listed(ways)}."


def screen(business: Business, today: Today, rows: Sequence[Listed]) -> Screen:
    """The page's first and only screen."""
    names = _names(business, [row.customer for row in rows])
    cards = [
        _card(action, own, names, business.currency)
        for action in ACTIONS
        if (own := [row for row in rows if row.action == action])
    ]
    before = [*_waiting(business, today), *_settled(business, today)]
    return Screen(
        headline(today, rows), (*cards, *before, Card("What else to know", (_lines(notes(today, rows)),)))
    )


def _waiting(business: Business, today: Today) -> list[Card]:
    """What stood on earlier lists, is not done, and still needs somebody."""
    named = [(one, one.row.cells.get("why", "")) for one in today.waiting]
    many = formats.plural(len(named), "touch", "touches")
    return _of_before(business, f"Still open from earlier lists: {many}", named, "plan.xlsx")


def _settled(business: Business, today: Today) -> list[Card]:
    """What came to be over since the list before, and why."""
    named = [(one, why) for one, why in today.settled if one.row.touch not in today.before.over]
    many = formats.plural(len(named), "touch", "touches")
    return _of_before(business, f"Not needed any more: {many}", named, "plan.xlsx, under Since then")


def _of_before(
    business: Business, title: str, named: Sequence[tuple[Planned, str]], where: str
) -> list[Card]:
    names = _names(business, [one.customer for one, _ in named])
    lines = [
        Line(names.get(one.customer, one.customer), f"{ACTIONS[one.action].about}: {why}")
        for one, why in named[:MOST_LINES]
    ]
    rest = len(named) - MOST_LINES
    more = (Fine(f"And {formats.count(rest)} more in {where}."),) if rest > 0 else ()
    return [Card(title, (Lines(tuple(lines)), *more))] if named else []


def _card(action: str, rows: Sequence[Listed], names: dict[str, str], currency: str) -> Card:
    calls = sum(row.is_call for row in rows)
    lines = [
        Line(names.get(row.customer, row.customer), _beside(row, currency, is_told=0 < calls < len(rows)))
        for row in rows[:MOST_LINES]
    ]
    rest = len(rows) - MOST_LINES
    more = (Fine(f"And {formats.count(rest)} more in list.csv."),) if rest > 0 else ()
    return Card(f"{ACTIONS[action].what(calls, len(rows) - calls)}", (Lines(tuple(lines)), *more))


def _beside(row: Listed, currency: str, *, is_told: bool) -> str:
    amount = "" if not row.mrr else f"{formats.money(row.mrr, currency)} a month"
    way = ("call" if row.is_call else "letter") if is_told else ""
    return " · ".join(filter(None, [row.why, amount, way]))


def _names(business: Business, who: Sequence[str]) -> dict[str, str]:
    """Names beside the ids, where the owner set `show_names`."""
    if not business.settings.show_names or not who:
        return {}
    known = people(business, who)["name"].dropna()
    return {str(who): f"{name} ({who})" for who, name in known.items()}


def _lines(sentences: Iterable[str]) -> Lines:
    return Lines(tuple(Line("", one) for one in sentences))


def notes(today: Today, rows: Sequence[Listed]) -> list[str]:
    """What the list does not say by its rows: since when, who is left out and why, what cannot be seen."""
    return [*_stale(today), *_looked(today, rows), *_left_out(today), *_of_the_plan(today), *_unseen(today)]


def _stale(today: Today) -> list[str]:
    silent = (today.day - today.latest_on).days
    if silent < STALE_DAYS:
        return []
    return [
        f"The latest row of the data is of {formats.day(today.latest_on)}. If the data were exported then, "
        "what happened since is not on this list: export them again."
    ]


def _looked(today: Today, rows: Sequence[Listed]) -> list[str]:
    """Since when it was looked, and for what without finding anybody."""
    found = {row.action for row in rows} | set(today.held["action"])
    nobody = [
        words
        for action, words in LOOKED_FOR.items()
        if action not in found and SEEN_BY.get(action) not in today.unseen
    ]
    told = listed(nobody) if nobody else "somebody was found of every kind that is looked for"
    return [f"{_since(today)} {told}."]


def _since(today: Today) -> str:
    last = today.before.last_on
    if not last:
        return "There is no list before this one: today"
    if today.since > last + dt.timedelta(days=1):
        return f"The list before is of {formats.day(last)}: since {formats.day(today.since)}"
    return f"Since the list of {formats.day(last)}"


def _left_out(today: Today) -> list[str]:
    counted = Counter(zip(today.held["action"], today.held["cause"], strict=True))
    return [
        f"Left out, {ACTIONS[action].about}: {formats.count(many)} {CAUSES[cause]}."
        for (action, cause), many in sorted(counted.items(), key=lambda one: [*ACTIONS].index(one[0][0]))
    ]


def _of_the_plan(today: Today) -> list[str]:
    many = len(today.written)
    if not many:
        return []
    if many == 1:
        return ["The call of 1 planned touch was given to somebody else: a letter instead."]
    return [f"The calls of {formats.count(many)} planned touches were given to others: a letter each."]


def without_day(today: Today) -> list[str]:
    """Of what was filled in and counts for nothing: no part of the list, which it may have come after."""
    own = [one for one in today.before.planned if one.has_no_day]
    if not own:
        return []
    said = own[0].row.cells["done_on"]
    return [
        f"plan.xlsx: *Done on* is no day in {len(own)} of its rows (first: customer {own[0].customer}, "
        f"“{said}”), and these touches count as open. Write it as 2026-11-05."
    ]


def _unseen(today: Today) -> list[str]:
    said = [UNSEEN[name] for name in today.unseen if name in UNSEEN]
    if "report" in today.unseen:
        said.append(
            "Who is at risk is told by what a month's report learned, and there is none here of before this "
            f"day: {command('report --data … --out …')}"
        )
    return said
