"""Rules about subscriptions as a whole: what an export of them looks like when half of it is missing."""

import datetime as dt

from retention_helpers.contract.settings import SETTINGS_FILE
from retention_helpers.engine import quoted, text
from retention_helpers.gate.evidence import MONTH_DAYS, OPEN, Evidence
from retention_helpers.words import spellings
from retention_helpers.words.formats import count, day, plural

DAYS_A_MONTH = 30.44
DOUBTFUL_MONTHS, CERTAIN_MONTHS = 100, 1000  # customer-months without a single loss
CERTAIN_DAYS = 425  # of history, so that annual plans have ended too
UNLIKELY = 7  # losses to be expected where there are none: one chance in a thousand
QUIET_START_DAYS = 90
NOTED_WITHIN = 62  # days before the first loss; what has been paid for lasts on
MASS, MASS_SHARE, MASS_RATIO = 10, 0.1, 3  # customers on one day, their share, against the next such day
MASS_START_SHARE = 0.2
BACK_WITHIN = 31  # days in which the same customers, or as many others, begin after a move
SETTLED_DAYS = 31  # beside what was paid for, after which a canceled plan must have ended
RENEWAL_EARLY = 5  # days that an interval can be shorter than it is at most
FEW_CASES, FEW_SHARE = 3, 0.05
EVES, EVE_SHARE, EVE_RATIO = (
    10,
    0.5,
    10,
)  # ends on the eve of a renewal, of all ends, against those on its day


def intervals_in_words(evidence: Evidence) -> None:
    """Write every interval in the one way in which the analyses know it, and say which words say nothing."""
    read, interval = evidence.of("subscriptions"), quoted("interval")
    words = [
        word for (word,) in evidence.rows(f"SELECT DISTINCT {interval} FROM {read} WHERE {interval} > ''")
    ]
    known = {word: named for word in words if (named := spellings.named_interval(word))}
    cases = " ".join(
        f"WHEN {text(word)} THEN {text(named)}" for word, named in known.items() if word != named
    )
    if cases:
        replaced = f"SELECT * REPLACE (CASE {interval} {cases} ELSE {interval} END AS {interval}) FROM {read}"
        evidence.rewrite("subscriptions", f"{replaced} ORDER BY source_row")
    unknown = sorted(set(words) - set(known))
    if not unknown:
        return
    rows = f"{read} WHERE {interval} IN ({', '.join(map(text, unknown))})"
    evidence.say(
        "note",
        "subscriptions",
        "interval not known",
        f"interval is “{'”, “'.join(unknown[:5])}”{' …' if len(unknown) > 5 else ''}, which says of no "
        "length of time",
        "Write month, year or 3 months.",
        effect="Such a plan counts among those of every other interval, and has no renewal that falls due.",
        rows=evidence.count(rows),
        of=evidence.totals["subscriptions"],
        first=evidence.case("subscriptions", rows),
    )


def overlapping_spans(evidence: Evidence) -> None:
    """One subscription with two rows at the same time: its MRR would count twice.

    Rows of one subscription_id; without ids, rows of one customer at the same plan and price. Half a
    day of overlap is a matter of time zones, and none.
    """
    key = (
        "CASE WHEN subscription_id IS NOT NULL THEN 'id ' || subscription_id "
        "ELSE 'as ' || coalesce(plan, '') || ' ' || CAST(mrr AS VARCHAR) END"
    )
    one = f"PARTITION BY customer_id, {key} ORDER BY started_at, source_row"
    earlier = f"{one} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    before = f"max(coalesce(ended_at, TIMESTAMP '9999-12-31')) OVER ({earlier})"
    spans = f"SELECT *, {before} AS busy_until FROM {evidence.service()} WHERE mrr > 0"
    twice = f"(SELECT * FROM ({spans}) WHERE busy_until > started_at + INTERVAL 12 HOUR)"
    count, customers = evidence.one(f"SELECT count(*), count(DISTINCT customer_id) FROM {twice}")
    if count:
        evidence.say(
            "warning",
            "subscriptions",
            "overlapping spans",
            "the same subscription runs already",
            "End the earlier row where the later one starts, or keep one of the two; two that are both real "
            "need a subscription_id each.",
            effect=f"The MRR of {plural(customers, 'customer')} would count twice.",
            rows=count,
            of=evidence.totals["subscriptions"],
            first=evidence.case("subscriptions", twice),
        )


def ends_before_starts(evidence: Evidence) -> None:
    """Ends at an hour before the start on one day; an end without an hour is the day as a whole."""
    has_hour = "ended_at <> make_timestamp(epoch_us(CAST(ended_on AS TIMESTAMPTZ)))"
    early = (
        f"{evidence.of('subscriptions')} WHERE ended_on = started_on AND ended_at < started_at AND {has_hour}"
    )
    count = evidence.count(early)
    if count:
        evidence.say(
            "warning",
            "subscriptions",
            "end hours before start",
            "ended_at lies hours before started_at, on the same day",
            "Correct the times; the clocks of two tools may differ.",
            effect="It counts as a stay of less than a day, and its MRR nowhere.",
            rows=count,
            of=evidence.totals["subscriptions"],
            first=evidence.case("subscriptions", early, "ended_at"),
        )


def active_alone(evidence: Evidence) -> None:
    """An export of active subscriptions alone, in which nobody has ever left."""
    gone = evidence.count(f"{evidence.people()} WHERE until < {OPEN}")
    if gone:
        return
    days, history = evidence.one(
        f"SELECT sum(greatest(0, date_diff('day', started_on, {evidence.latest}) - "
        f"CASE WHEN paid_days > {MONTH_DAYS} THEN paid_days + {SETTLED_DAYS} ELSE 0 END)), "
        f"date_diff('day', min(started_on), {evidence.latest}) FROM {evidence.service()}"
    )
    months = int((days or 0) / DAYS_A_MONTH)
    if months < DOUBTFUL_MONTHS:
        return
    is_certain = months >= CERTAIN_MONTHS and history >= CERTAIN_DAYS
    evidence.say(
        "stop" if is_certain else "warning",
        "subscriptions",
        "active alone",
        f"nobody has left in {count(months)} months of service, as in an export of active subscriptions "
        "alone",
        "Export the canceled ones too, with the day on which they ended; if really nobody left, write "
        f"`accepted: [active alone]` in {SETTINGS_FILE}.",
        effect="Churn would be 0 % in every month.",
    )


def late_history(evidence: Evidence) -> None:
    """Customers of long ago of whom nobody left until a certain day: those who had were not exported, or
    something made them leave.

    Whom a steady pace of losses has spared has been there for an exponential time at most, so at that pace
    no more than half of those who are left would be expected to have gone meanwhile (E[1 − exp(−hT)] = 1/2).
    Where more would have, nobody was cut off: the pace is new. So it is where the owner noted something just
    before. Of whom more than a month is paid for at a time, only the times that were over count: nobody
    leaves an annual plan in its first year.
    """
    if evidence.settings.history_starts_on:
        return
    first_loss, begun, gone = evidence.one(
        f"SELECT min(until), min(first_on), count(*) FILTER (WHERE until < {OPEN}) FROM {evidence.people()}"
    )
    if not begun or gone < 5 or (first_loss - begun).days < QUIET_START_DAYS:
        return
    split = f"DATE '{first_loss}'"
    (after,) = evidence.one(
        f"SELECT sum(greatest(0, {_at_risk(f'least(until, {evidence.latest})')} - {_at_risk(split)})) "
        f"FROM {evidence.people()}"
    )
    early = f"{evidence.people()} WHERE first_on < {split}"
    pace = gone / after if after else 0
    customers, expected = evidence.one(
        f"SELECT count(*), coalesce(sum(1 - exp(-{pace} * {_at_risk(split)})), 0) FROM {early}"
    )
    if expected < UNLIKELY:
        return
    noted = _noted_before(evidence, first_loss)
    since = f"the subscriptions go back to {day(begun)}, and nobody left before {day(first_loss)}"
    if noted or expected > customers / 2:
        evidence.say(
            "note",
            "subscriptions",
            "late history",
            f"{since}; {plural(gone, 'customer')} have left since{noted}",
            "Was everybody exported who left before? If so, nothing is to be done: something made them "
            "leave. "
            "If not, export them too.",
        )
        return
    evidence.say(
        "warning",
        "subscriptions",
        "late history",
        f"{since}, where about {count(round(expected))} losses were to be expected among the "
        f"{plural(customers, 'customer')} of then: those who had left by then may not have been exported",
        f"Export them too, or name the day from which the data are whole: `history_starts_on: {first_loss}` "
        f"in {SETTINGS_FILE}; if really nobody left, write `accepted: [late history]` there.",
        effect="Churn before that day would be 0 %, and old cohorts would look as if everybody had stayed.",
    )


def _at_risk(day: str) -> str:
    """SQL of the days until a day in which a customer could have left: of what is paid for longer than a
    month, those of whole intervals."""
    days = f"greatest(0, date_diff('day', first_on, {day}))"
    whole = f"({days} + {RENEWAL_EARLY}) // paid_days * paid_days"
    return f"(CASE WHEN paid_days > {MONTH_DAYS} THEN {whole} ELSE {days} END)"


def _noted_before(evidence: Evidence, first_loss: dt.date) -> str:
    """The owner's last note on the weeks before a day, in words; "" where there is none."""
    if not evidence.has("notes"):
        return ""
    notes = evidence.rows(
        f"SELECT happened_on, note FROM {evidence.of('notes')} WHERE happened_on <= DATE '{first_loss}' "
        f"AND happened_on >= DATE '{first_loss}' - {NOTED_WITHIN} ORDER BY happened_on DESC, note LIMIT 1"
    )
    return f", and your note of {day(notes[0][0])} says “{notes[0][1][:60]}”" if notes else ""


def starts_of_a_move(evidence: Evidence) -> None:
    """Customers who all begin on one day, because that is when they were moved to another tool."""
    earlier = "count(*) FILTER (WHERE signed_up_on < first_on - 31)"
    days = evidence.rows(
        f"SELECT first_on, count(*), {earlier} "
        f"FROM {evidence.people()} LEFT JOIN {evidence.of('customers')} USING (customer_id) "
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 2"
    )
    total, begun = evidence.one(f"SELECT count(*), min(first_on) FROM {evidence.people()}")
    if len(days) < 2:
        return
    (mass_on, customers, earlier), (_, next_most, _) = days
    if customers < max(MASS, MASS_START_SHARE * total, MASS_RATIO * next_most):
        return
    if mass_on == begun and earlier < customers / 2:
        return
    evidence.say(
        "warning",
        "subscriptions",
        "starts on one day",
        f"{count(customers)} of {plural(total, 'customer')} begin on one day, {day(mass_on)}, as after a "
        "move to another tool",
        "Take the starts from the tool before; if they all joined that day, write "
        f"`accepted: [starts on one day]` in {SETTINGS_FILE}.",
        effect="Their tenure would begin anew, and old customers would stand in one young cohort.",
    )


def ends_of_a_move(evidence: Evidence) -> None:
    """Customers who all end on one day: a migration that would be read as churn."""
    each = "PARTITION BY customer_id ORDER BY started_at, source_row"
    spans = (
        f"SELECT customer_id, until, lead(started_on) OVER ({each}) AS back_on, "
        f"max(until) OVER ({each}) AS so_far FROM {evidence.service()}"
    )
    gap = evidence.settings.switch_gap_days
    is_end = f"until = so_far AND until < {OPEN} AND (back_on IS NULL OR back_on > until + {gap})"
    ends = f"(SELECT * FROM ({spans}) WHERE {is_end})"
    days = evidence.rows(
        f"SELECT until, count(*), count(*) FILTER (WHERE back_on <= until + {BACK_WITHIN}), "
        f"max(back_on - until) FILTER (WHERE back_on <= until + {BACK_WITHIN}) "
        f"FROM {ends} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 2"
    )
    if not days:
        return
    mass_on, customers, back, longest = days[0]
    next_most = days[1][1] if len(days) > 1 else 0
    at_once, begun = evidence.one(
        f"SELECT count(*) FILTER (WHERE first_on < DATE '{mass_on}' AND until >= DATE '{mass_on}'), "
        f"count(*) FILTER (WHERE first_on BETWEEN DATE '{mass_on}' AND DATE '{mass_on}' + {BACK_WITHIN}) "
        f"FROM {evidence.people()}"
    )
    if customers < max(MASS, MASS_SHARE * at_once, MASS_RATIO * next_most):
        return
    if back > customers / 2:
        way_out = f"Let the old rows end where the new ones start, or set `switch_gap_days: {longest}`"
        effect = (
            f"{count(back)} of them are back within a month: they would count as lost and as reactivated."
        )
    else:
        as_many = (
            f" {count(begun)} others begin within a month: the ids may have changed."
            if begun >= customers / 2
            else ""
        )
        way_out = "Give them the ids and starts of before, or correct the ends"
        effect = f"They would all count as lost.{as_many}"
    evidence.say(
        "warning",
        "subscriptions",
        "ends on one day",
        f"{count(customers)} of {plural(at_once, 'customer')} end on one day, {day(mass_on)}, as in a move "
        "to another tool",
        f"{way_out}; if they did leave, write `accepted: [ends on one day]` in {SETTINGS_FILE}.",
        effect=effect,
    )


def canceled_without_end(evidence: Evidence) -> None:
    """Customers who asked to cancel long ago and whose subscription still has no end."""
    settled = f"date_diff('day', a.canceled_on, {evidence.latest}) > s.paid_days + {SETTLED_DAYS}"
    cancellations = evidence.of("cancellations")
    asked = f"(SELECT customer_id, max(canceled_on) AS canceled_on FROM {cancellations} GROUP BY 1)"
    both = (
        "SELECT customer_id, max(a.canceled_on) AS canceled_on, max(s.started_on) AS started_on, "
        f"max(s.until) AS until, bool_and({settled}) AS is_settled "
        f"FROM {asked} AS a JOIN {evidence.service()} AS s USING (customer_id) GROUP BY customer_id"
    )
    is_stuck = f"is_settled AND until = {OPEN} AND started_on <= canceled_on"
    askers, stuck, first = evidence.one(
        f"SELECT count(*) FILTER (WHERE is_settled), count(*) FILTER (WHERE {is_stuck}), "
        f"min(customer_id) FILTER (WHERE {is_stuck}) FROM ({both})"
    )
    if stuck < max(FEW_CASES, FEW_SHARE * askers):
        return
    evidence.say(
        "warning",
        "subscriptions",
        "canceled without an end",
        f"{count(stuck)} of {plural(askers, 'customer')} who asked to cancel more than two months ago still "
        "have a subscription without ended_at",
        "Fill in the day on which service ended; if they changed their minds, write "
        f"`accepted: [canceled without an end]` in {SETTINGS_FILE}.",
        effect="They would count as customers for ever, and churn would be too low.",
        first=f"customer {first}",
    )


def last_days_as_ends(evidence: Evidence) -> None:
    """Ends on the eve of what was paid for: the last day with service, where the first without is meant."""
    read = f"{evidence.of('subscriptions')} WHERE ended_on <= {evidence.latest}"

    lasts = evidence.lasting(spellings.months_in, otherwise="NULL")

    def is_over(end: str) -> str:
        months = f"date_diff('month', started_on, {end})"
        whole = f"{months} > 0 AND {months} % ({lasts}) = 0"
        return f"({whole} AND started_on + to_months(CAST({months} AS INTEGER)) = {end})"

    eve = is_over("(ended_on + 1)")
    ends, eves, renewals = evidence.one(
        f"SELECT count(*), count(*) FILTER (WHERE {eve}), count(*) FILTER (WHERE {is_over('ended_on')}) "
        f"FROM {read}"
    )
    if eves < max(EVES, EVE_SHARE * ends) or eves < EVE_RATIO * renewals:
        return
    evidence.say(
        "warning",
        "subscriptions",
        "last day as end",
        "service ends on the day before a paid period is over, as where a tool writes the last day with it",
        "ended_at is the first day without service: add a day; if these ends are right, write "
        f"`accepted: [last day as end]` in {SETTINGS_FILE}.",
        effect="A loss on the first of a month would count a month early, and an annual plan that was not "
        "renewed would never have fallen due.",
        rows=eves,
        of=evidence.totals["subscriptions"],
        first=evidence.case("subscriptions", f"{read} AND {eve}", "ended_on"),
    )


def sign_ups_after_start(evidence: Evidence) -> None:
    """Customers who signed up after their first subscription: the sign-up is the date of something else."""
    late, total, first = evidence.one(
        "SELECT count(*) FILTER (WHERE signed_up_on > first_on + 1), count(*), "
        "min(customer_id) FILTER (WHERE signed_up_on > first_on + 1) "
        f"FROM {evidence.people()} JOIN {evidence.of('customers')} USING (customer_id)"
    )
    if late < max(FEW_CASES, FEW_SHARE * total):
        return
    evidence.say(
        "warning",
        "customers",
        "sign-up after start",
        f"{count(late)} of {plural(total, 'customer')} signed up after their first subscription began",
        "Take signed_up_at from where the account was made.",
        effect="What customers do in their first days would be looked for in the wrong days.",
        first=f"customer {first}",
    )
