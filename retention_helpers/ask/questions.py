"""The questions: each gives an `Answer`, of the whole business or of some of its customers.

They compute nothing of their own: a question asks the room that the page of the same question stands on, so
that its numbers are those of the page.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, get_args

from retention_helpers import churn_reasons, churned_vs_retained, measurement
from retention_helpers.business import Business, levels
from retention_helpers.business.levels import By
from retention_helpers.business.opening import Where, levels_by_name, narrowed
from retention_helpers.churn_reasons.answers import OWN_GROUPS
from retention_helpers.shown import figures
from retention_helpers.shown.answers import Answer
from retention_helpers.shown.results import Result
from retention_helpers.shown.sentences import Sentence, kind_of_group, listed
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError, nearest, whole

YEAR = 12  # months
SETTLED = 3  # months after which cohorts are held against each other
Every = Literal["month", "week"]
Clock = Literal["anniversary", "calendar"]
Says = Callable[[], Sentence | None]
Draws = Callable[[], figures.Figure | None]
EVERY, CLOCKS = get_args(Every), get_args(Clock)


def churn(
    business: Business,
    *,
    by: By | None = (),
    where: Where | None = None,
    every: Every = "month",
    months: int = YEAR,
) -> Answer:
    """How many of the customers at the start of a month left during it: a row a month, or a row a group.

    Without `by`, a row a month (or, with every="week", a row a week of the last half year): month,
    customers_at_start, lost, retained (counts), churn_rate and retention_rate (fractions, each with `_low`
    and `_high`, 95 %). With `by`, a row a group over the last `months` months together, so that a customer
    counts once in each: by, level, customers_at_start, lost, churn_rate, verdict against the other groups.
    `by` is plan, mrr_band, interval, or any name of `groups`; `where` asks of some customers alone.

    Levels of an attribute that fewer than `min_customers` customers have are together as "(other)", here as
    in every answer by groups but `groups`, `customers` and `table`. A row of fewer than `min_customers`
    customer-months is "too few": its place in the order means nothing.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.churn(business).sentence()
    In October 2026, 26 of 423 customers left and 397 stayed. That is a churn of 6.1 %; with 423 customers, \
anything from 4.2 % to 8.9 % would be no surprise.
    >>> ask.churn(business, by="country").to_frame()[["level", "customers_at_start", "lost"]].head(2)
             level  customers_at_start  lost
    0  (not given)                   3     0
    1           AT                 521    34
    """
    asked, by = of_some(business, where), asked_by(by)
    one_of_these(every, EVERY, "every")
    months = whole(months, "months", 1)
    if not by and months != YEAR:
        raise InputError(
            "months says over how many months groups are counted together: name them with `by`, or take "
            f"`.to_frame().tail({months})`."
        )
    if not by:
        found = measurement.churn(asked) if every == "month" else measurement.churn_by_week(asked)
        target = {"target": asked.targets.get("churn")} if every == "month" else {}
        draws = partial(found.figure, **target)
        return answer(asked, found, found.measure.caption, found.sentence, draws, last=YEAR + 1)
    if every != "month":
        raise InputError('Groups are counted by months: leave out `by`, or every="week".')
    grouped = measurement.churn_by_level(asked, months_back=months, by=by)
    title = f"Churn by {_named(by)}, last {formats.plural(months, 'month')} together"
    draws = partial(figures.rate_by_level, grouped.value, "churn_rate", title=title)
    return answer(asked, grouped, title, _of_groups(asked, by, grouped.sentence), draws)


def mrr(business: Business, *, by: By | None = (), where: Where | None = None) -> Answer:
    """How monthly recurring revenue moved: a row a month, of each group where `by` names any (of `groups`).

    by and level (of groups), month, mrr_at_start, new, reactivated, expansion, resumed, contraction, paused,
    churned, mrr_at_end: amounts in major units of the report's currency (Decimal, exact: the parts add up,
    and so do the groups). What would follow from past prices or pauses that the source does not know is NaN.
    The table of groups shows the last month.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.mrr(business, where={"country": "DE"}).to_frame()["mrr_at_end"].iloc[-1]
    Decimal('13880.200001')
    >>> ask.mrr(business, by="country").to_frame().query("level == 'DE'")["mrr_at_end"].iloc[-1]
    Decimal('13880.200001')
    """
    asked, by = of_some(business, where), asked_by(by)
    if by:
        grouped = measurement.mrr_by_level(asked, by=by)
        caption = f"MRR of the month by {_named(by)}"
        says = _of_groups(asked, by, partial(grouped.sentence, asked.currency))
        return answer(asked, grouped, caption, says, tabled=_of_last_month(grouped))
    moved = measurement.mrr_movement(asked)
    told = partial(moved.sentence, measurement.revenue_retention(asked), asked.currency)
    return answer(asked, moved, moved.measure.caption, told, moved.figure, last=YEAR + 1)


def stay(business: Business, *, by: By | None = (), where: Where | None = None) -> Answer:
    """How long customers stay, from their first day to the first loss of service (Kaplan–Meier).

    Without `by`, a row a month of tenure (1, 3, 6, 12, 24): k, at_risk (customers), survival (fraction, with
    `_low` and `_high`). With `by`, a row a group: by, level, customers, lost, month_1 … month_12 (fractions
    with ends), verdict; the sentence says whether the groups differ (log-rank), the picture shows the first
    `by`. Names are those of `groups`. NaN where the follow-up ends before; groups below `min_customers` are
    in no test and no picture.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.stay(business).to_frame()[["k", "at_risk"]].head(2)
       k  at_risk
    0  1      712
    1  3      488
    >>> answer = ask.stay(business, by="acquisition_channel")
    """
    asked, by = of_some(business, where), asked_by(by)
    few = asked.settings.min_customers
    if not by:
        rows = measurement.tenures(asked)
        curve = measurement.stay(rows)
        found = measurement.stay_at_months(curve)
        says = partial(found.sentence, measurement.median_tenure(rows), is_alone=True)
        return answer(asked, found, found.measure.caption, says, curve.figure)
    rows = measurement.tenures(asked, by=by)
    found = measurement.stay_by_group(rows, min_customers=few, by=by)
    tested = measurement.group_tests(rows, min_customers=few, by=by)
    curves = measurement.stay_by_plan(rows, min_customers=few, by=by[0])
    title = f"Customers still there, by {_named(by[:1])}"
    draws = partial(figures.survival_by_level, curves.value, title=title)
    caption = f"Customers still there, by {_named(by)}"
    return answer(asked, found, caption, _of_groups(asked, by, partial(found.sentence, tested)), draws)


def cohorts(
    business: Business, *, by: By | None = (), where: Where | None = None, clock: Clock = "anniversary"
) -> Answer:
    """What became of the customers who began in each month: a row a cohort and age k.

    cohort (first day of the month), k (months later), size, reached and retained (customers), rate (fraction,
    with `_low` and `_high`), final. On the anniversary clock each customer is looked at on the same day of a
    later month; on the calendar clock (which has month in place of reached and final) at the end of a month.
    Where `by` names any of `groups`, by and level stand before them, and table, sentence and picture hold the
    groups against each other at month 3, all cohorts together.
    `customers(business, cohort=…, k=…)` lists who stands behind a cell.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> cells = ask.cohorts(business).to_frame()
    >>> cells[["k", "size", "retained"]].tail(1)
         k  size  retained
    275  1    31        27
    >>> answer = ask.cohorts(business, by="acquisition_channel", clock="calendar")
    """
    asked, by = of_some(business, where), asked_by(by)
    measure = {
        "anniversary": measurement.anniversary_triangle,
        "calendar": measurement.calendar_triangle,
    }[one_of_these(clock, CLOCKS, "clock")]
    cells = measure(asked, by=by)
    if not by:
        says = partial(cells.sentence, k=SETTLED)
        return answer(asked, cells, cells.measure.caption, says, cells.figure, last=YEAR)
    grouped = measurement.retained_by_level(cells, min_customers=asked.settings.min_customers)
    title = f"Still customers after {formats.plural(SETTLED, 'month')}, by {_named(by)}"
    told = _of_groups(asked, by, partial(grouped.sentence, k=SETTLED))
    return answer(asked, cells, title, told, partial(grouped.figure, title=title), tabled=grouped)


def reasons(
    business: Business, *, by: By | None = (), where: Where | None = None, months: int = YEAR
) -> Answer:
    """Why customers of the last `months` months left, as they said: a row a reason, or a reason a group.

    Without `by`, a row a reason: reason, customers (who named it), answered, share (fraction, with `_low` and
    `_high`) and what it cost in MRR a month. With `by`, a row a group and reason: by, level, answered,
    reason, customers, share, verdict. Shares are among those who answered; the biller's own losses have no
    reason and stand outside. `by` is plan, mrr_band, interval, tenure, or any name of `groups`.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.reasons(business, months=3).to_frame()[["reason", "customers"]].head(1)
              reason  customers
    0  too_expensive         15
    """
    asked, by = of_some(business, where), asked_by(by)
    few = asked.settings.min_customers
    lost = churn_reasons.losses(asked)
    when = churn_reasons.period(asked, whole(months, "months", 1))
    top = churn_reasons.shares(lost, when, min_customers=few)
    title = f"Share of answers, last {formats.plural(when.months, 'month')}"
    if not by:
        says = partial(top.sentence, when, asked.currency, min_customers=few)
        return answer(asked, top, title, says, partial(top.figure, title))
    of_the_loss = OWN_GROUPS
    wanted = levels.chosen(asked, by, beside=of_the_loss)
    others = [one for one in wanted if one not in of_the_loss]
    said = churn_reasons.with_groups(churn_reasons.answered(lost, when), asked, by=others)
    tested = churn_reasons.depends_on(said, by=by, min_customers=few)
    parts = churn_reasons.by_group(said, top, by=by, min_customers=few)
    told = _of_groups(asked, by, partial(tested.sentence, parts))
    return answer(asked, parts, f"{title}, by {_named(by)}", told, partial(parts.figure, tested))


def activity(business: Business, *, by: By | None = (), where: Where | None = None) -> Answer:
    """How many use what they pay for: a row a month, of each group where `by` names any (names of `groups`).

    month, customers_at_end, mau and wau (customers active in the month, and in its last seven days),
    active_share and stickiness (fractions, with `_low` and `_high`), active_accounts. Only months whose
    events are known whole; no rows without a table of events.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> ask.activity(business).to_frame()[["customers_at_end", "mau", "wau"]].tail(1)
        customers_at_end  mau  wau
    23               429  410  329
    """
    asked, by = of_some(business, where), asked_by(by)
    active, known = measurement.active_customers(asked, by=by), measurement.known_activity(asked)
    if by:
        caption = f"Active customers of the month by {_named(by)}"
        says = _of_groups(asked, by, lambda: None) if len(active.value) else known.sentence
        return answer(asked, active, caption, says, tabled=_of_last_month(active))
    says = active.sentence if len(active.value) else known.sentence
    draws = active.figure if len(active.value) else (lambda: None)
    return answer(asked, active, active.measure.caption, says, draws, last=YEAR + 1)


def differences(
    business: Business, *, by: By | None = (), where: Where | None = None, landmark_days: int = 0
) -> Answer:
    """What was different about those who left, before they left: a row a thing that was known by then.

    Everybody is looked at on day `landmark_days` after sign-up (0: the setting), leaving counts in the
    `horizon_days` after it. The rows are everything that was compared: name, label, effect (a difference of
    fractions, or of a number the area under the curve), p_value, q_value, hazard_ratio, verdict, each with
    the ends of its interval; the table holds what was seen alone, beside the others. Groups are compared
    here, not made: for one group alone there is `where`.

    >>> from retention_helpers import ask
    >>> business = ask.open_business(ask.SAMPLE, "2026-10")
    >>> answer = ask.differences(business, landmark_days=14)
    >>> answer.to_frame()["verdict"].isin(["confirmed"]).any()
    np.True_
    """
    if by := asked_by(by):
        raise InputError(
            "differences compares those who left with those who stayed, by all that is known of them, and "
            f"{_named(by)} may be part of it. To compare within one group, ask with `where`, such as "
            f"where={{{by[0]!r}: …}}; to see how much each group leaves, ask.churn(business, by=…)."
        )
    asked = of_some(business, where)
    own_day = whole(landmark_days, "landmark_days", 0)
    compared = churned_vs_retained.comparison(asked, landmark_days=own_day or asked.settings.landmark_days)
    drivers = churned_vs_retained.drivers(compared)
    beside = churned_vs_retained.beside(drivers)
    day = compared.value.landmark_days
    caption = f"{beside.measure.caption}, as known on day {formats.count(day)}"
    says = partial(compared.sentence, drivers)
    return answer(asked, drivers, caption, says, beside.figure, tabled=beside)


def of_some(business: Business, where: Where | None) -> Business:
    """The business, or the customers of it that are asked for; narrowed once while it is open."""
    if not isinstance(business, Business):
        raise InputError(
            f'Open the business first: business = ask.open_business("data/mine"), not {business!r}.'
        )
    if where is None:
        return business
    wanted = levels_by_name(where)  # whole, as the levels given may write themselves with "..." between
    found: Business = business.once(f"narrowed to {wanted!r}", lambda: narrowed(business, wanted))
    return found


def answer(
    business: Business, found: Result, caption: str, says: Says = lambda: None, draws: Draws = lambda: None,
    *, tabled: Result | None = None, last: int | None = None,
) -> Answer:  # fmt: skip
    """An answer that says of which customers it is, where that is some of them; the rest as of `Answer`."""
    return Answer(found, caption, says, draws, tabled, last, of=whose(business))


def whose(business: Business) -> str:
    """The customers to whom a business was narrowed, in words; "": all of them."""
    if not business.where:
        return ""
    parts = [f"{kind_of_group(by)} {' or '.join(wanted)}" for by, wanted in business.where]
    return f"customers with {listed(parts)}"


def _of_last_month(found: Result) -> Result:
    now = found.value["month"] == found.value["month"].max()
    return replace(found, value=found.value[now])


def asked_by(by: By | None) -> tuple[str, ...]:
    """The names to group by, each once: one, or any list, array, column or generator of them.

    None and "" are none. What is no name is told by whoever looks for it. InputError for levels of names.
    """
    if by is None or isinstance(by, str):
        return (str(by),) if by else ()
    if isinstance(by, Mapping):
        raise InputError(
            f"by names what to group by, such as by={next(iter(by), 'country')!r}; levels go into `where`."
        )
    return tuple(dict.fromkeys(map(str, by if isinstance(by, Iterable) else [by])))


def _named(by: Sequence[str]) -> str:
    return listed([kind_of_group(one) for one in by])


def _of_groups(business: Business, by: Sequence[str], says: Says) -> Says:
    """What an answer by groups says, and of what no level has customers enough to stand by itself."""

    def told() -> Sentence | None:
        said = says()
        parts = [*([said.text] if said else []), *filter(None, (_together(business, one) for one in by))]
        return Sentence(" ".join(parts)) if parts else None

    return told


def _together(business: Business, by: str) -> str:
    """How many levels stand together as "(other)", and the largest, where that is all of them; else ""."""
    if by not in levels.names(business):
        return ""
    few, known = (
        levels.together(business, by),
        levels.counts(business, by).drop(levels.NOT_GIVEN, errors="ignore"),
    )
    if few.empty or len(few) < len(known):
        return ""
    kind = kind_of_group(by)
    there = "one level" if len(few) == 1 else f"{formats.count(len(few))} levels, the largest"
    return (
        f"{kind[:1].upper()}{kind[1:]} has {there} with "
        f"{formats.plural(int(few.max()), 'customer')}; levels of fewer than "
        f"{formats.count(business.settings.min_customers)} (min_customers) stand together as {levels.OTHER}."
    )


def one_of_these(word: str, known: Sequence[str], name: str) -> str:
    if word not in known:
        raise InputError(f"{name} cannot be {word!r}. {nearest(word, known)}")
    return word
