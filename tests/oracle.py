"""The definitions, written out a second time: slow, obvious, and without the package.

Every piece stands under the sentence of the definitions that it spells out. It works on one customer at
a time, day by day, on instants of the standard library; money is Decimal. The laws hold the package
against it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

UTC = dt.UTC
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A span of service: paying or paused."""

    customer: str
    start: dt.datetime
    end: dt.datetime | None
    state: str
    mrr: Decimal
    plan: str
    interval: str = ""


@dataclass(frozen=True)
class Row:
    """What a customer did in a month."""

    customer: str
    month: dt.date
    state_at_start: str
    state_at_end: str
    mrr_at_start: Decimal
    mrr_at_end: Decimal
    begins: int
    ends: int
    movement: str
    mrr_movement: str | None


def instant(text: str, zone: ZoneInfo) -> dt.datetime:
    """> A date without time is the start of that day […]. The default time zone is UTC."""
    moment = dt.datetime.fromisoformat(text)
    local = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    return local.astimezone(UTC)


def midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The first instant of a day in the business time zone."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    return moment.astimezone(zone).date()


def wall(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """What the business's own clocks show, without the zone: a difference of two is what a clock counts."""
    return moment.astimezone(zone).replace(tzinfo=None)


def next_month(month: dt.date) -> dt.date:
    return dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)


def same_day_later(day: dt.date, months: int) -> dt.date:
    """> the day k calendar months after […] (counted from that day; the last day of the month where it
    > does not exist)"""
    month = day.replace(day=1)
    for _ in range(months):
        month = next_month(month)
    last = next_month(month) - DAY
    return min(month + (day.day - 1) * DAY, last)


class History:
    """A list of raw spans (customer, started_at, ended_at, mrr, status, plan, …) as of a report month."""

    def __init__(
        self,
        rows: Iterable[Sequence[str]],
        month: dt.date,
        *,
        zone: str = "UTC",
        gap_days: int = 3,
        cancellations: Iterable[Sequence[str]] = (),
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.report_month, self.as_of = month, next_month(month)
        self.cut = midnight(self.as_of, self.zone)
        self.gap_days = gap_days
        # > exact duplicate rows are left out with a warning […] before the cut
        known = (self._cut(row) for row in dict.fromkeys(tuple(row) for row in rows))
        self.rows = [span for span in known if span is not None]
        self.answers = [
            (customer, instant(asked, self.zone), reason, kind)
            for customer, asked, reason, kind in dict.fromkeys(tuple(row) for row in cancellations)
            if instant(asked, self.zone) < self.cut
        ]
        every = {who: self.stitched(who, gap_days) for who in sorted({row.customer for row in self.rows})}
        self.own = {customer: spans for customer, spans in every.items() if spans}
        self.service = {customer: merged(spans) for customer, spans in self.own.items()}

    # --- spans --------------------------------------------------------------------------------------

    def _cut(self, row: Sequence[str]) -> Span | None:
        """A raw row as a span of service as it was known at the cut; None where it is none."""
        customer, started_at, ended_at, mrr, status, plan = row[:6]
        interval = row[6] if len(row) > 6 else ""
        start = instant(started_at, self.zone)
        end = instant(ended_at, self.zone) if ended_at else None
        amount = Decimal(mrr) if mrr else Decimal(0)
        # > an end on the day of the start (a date, or the very instant) is a stay of less than a day
        if end is not None and end < start:
            end = start
        # > Rows whose first instant is at or after it do not exist
        if start >= self.cut:
            return None
        # > an end at or after it is not known (the span is open)
        if end is not None and end >= self.cut:
            end = None
        # > A span is paying when its status is active or past_due and mrr > 0
        if (status or "active") in ("active", "past_due") and amount > 0:
            return Span(customer, start, end, "paying", amount, plan, interval)
        # > paused when its status is paused or comped
        if status in ("paused", "comped"):
            return Span(customer, start, end, "paused", Decimal(0), plan, interval)
        # > anything else (trial, mrr 0) is not service
        return Span(customer, start, end, "trial", Decimal(0), plan) if status == "trialing" else None

    def _given(self, span: Span, gap_days: int) -> Span:
        """> comped = a payer's free time however it was granted […]. A trial is free time *before* the first
        > payment: one that begins while a payer has service, or within the switch gap after it, is comped."""
        own = [one for one in self.rows if one.customer == span.customer and one.state != "trial"]
        before = [one for one in own if one.start < span.start]
        gap = gap_days * dt.timedelta(hours=24)
        start = wall(span.start, self.zone)
        is_in_time = any(one.end is None or start - wall(one.end, self.zone) <= gap for one in before)
        is_payer = any(one.state == "paying" for one in before)
        return replace(span, state="paused") if span.state == "trial" and is_in_time and is_payer else span

    def stitched(self, customer: str, gap_days: int) -> list[Span]:
        """> Where service is interrupted for at most switch_gap_days × 24 hours on the business's own clocks
        > […], it is a plan switch […]: the spans that end where the gap opens are taken to last until
        > service goes on."""
        own = [self._given(span, gap_days) for span in self.rows if span.customer == customer]
        spans = [span for span in own if span.state != "trial"]
        lasting = {}
        stretches = merged(spans)
        for (_, opens), (closes, _) in pairwise(stretches):
            if wall(closes, self.zone) - wall(opens, self.zone) <= gap_days * dt.timedelta(hours=24):
                lasting[opens] = closes
        return [replace(span, end=lasting.get(span.end, span.end)) for span in spans]

    # --- states -------------------------------------------------------------------------------------

    def covering(self, customer: str, day: dt.date, gap_days: int | None = None) -> list[Span]:
        """> With m = that midnight, a span covers it when started_at < m and (ended_at is empty or
        > ended_at >= m)."""
        m = midnight(day + DAY, self.zone)
        spans = self.own[customer] if gap_days is None else self.stitched(customer, gap_days)
        return [span for span in spans if span.start < m and (span.end is None or span.end >= m)]

    def state(self, customer: str, day: dt.date) -> tuple[str, Decimal]:
        """> The state is paying (a paying span covers; MRR = their sum), else paused (MRR 0), else
        > none."""
        spans = self.covering(customer, day)
        paying = [span.mrr for span in spans if span.state == "paying"]
        if paying:
            return "paying", sum(paying, Decimal(0))
        return ("paused" if spans else "none"), Decimal(0)

    def is_customer(self, customer: str, day: dt.date) -> bool:
        """> A customer is paying or paused: a pause is not churn."""
        return self.state(customer, day)[0] != "none"

    def first_day(self, customer: str) -> dt.date:
        """> first day: the day on which service first began"""
        return min(day_of(begin, self.zone) for begin, _ in self.service[customer])

    # --- months -------------------------------------------------------------------------------------

    def months(self) -> list[dt.date]:
        """Every calendar month from the first service to the report month."""
        found = [min(self.first_day(customer) for customer in self.own).replace(day=1)]
        while found[-1] < self.report_month:
            found.append(next_month(found[-1]))
        return found

    def row(self, customer: str, month: dt.date) -> Row:
        """What became of a customer in a month.

        > Its start is the end of the last day of the month before, its end the end of its own last day.
        > "Inside the month" = stamped in [first midnight, next month's first midnight).
        """
        opens, closes = midnight(month, self.zone), midnight(next_month(month), self.zone)
        services = self.service[customer]
        begins = sum(opens <= begin < closes for begin, _ in services)
        ends = sum(end is not None and opens <= end < closes for _, end in services)
        before = any(begin < opens for begin, _ in services)
        state_at_start, mrr_at_start = self.state(customer, month - DAY)
        state_at_end, mrr_at_end = self.state(customer, next_month(month) - DAY)
        at_start, at_end = state_at_start != "none", state_at_end != "none"
        movement = "nothing"
        if at_start and at_end:
            movement = "stayed"
        elif at_start:
            movement = "lost"  # > customer at start, not at end
        elif at_end and not before:
            movement = "new"  # > not a customer at start, customer at end, no service before the month
        elif at_end:
            movement = "reactivated"  # > […] service before the month
        elif begins:
            movement = "joined_and_left"  # > neither at start nor at end, a begin of service inside
        mrr_movement = None
        if movement == "lost":
            mrr_movement = "churned"
        elif movement in ("new", "reactivated"):
            mrr_movement = movement
        elif movement == "stayed" and mrr_at_start != mrr_at_end:
            # > both > 0 → expansion or contraction (the difference); > 0 to 0 → paused; 0 to > 0 → resumed
            if mrr_at_end == 0:
                mrr_movement = "paused"
            elif mrr_at_start == 0:
                mrr_movement = "resumed"
            else:
                mrr_movement = "expansion" if mrr_at_end > mrr_at_start else "contraction"
        return Row(
            customer, month, state_at_start, state_at_end, mrr_at_start, mrr_at_end,
            begins, ends, movement, mrr_movement,
        )  # fmt: skip

    def rows_of(self, month: dt.date) -> list[Row]:
        return [self.row(customer, month) for customer in self.own]

    def customer_movement(self, month: dt.date) -> dict[str, int]:
        rows = self.rows_of(month)
        moved = Counter(row.movement for row in rows)
        return {
            "customers_at_start": sum(row.state_at_start != "none" for row in rows),
            "new": moved["new"],
            "reactivated": moved["reactivated"],
            "lost": moved["lost"],
            "customers_at_end": sum(row.state_at_end != "none" for row in rows),
            "joined_and_left": moved["joined_and_left"],
            # > customer at both, with an end of service inside the month
            "left_and_returned": sum(row.movement == "stayed" and row.ends > 0 for row in rows),
            "paused_at_end": sum(row.state_at_end == "paused" for row in rows),
        }

    def mrr_movement(self, month: dt.date) -> dict[str, Decimal]:
        """> per customer, MRR at start against MRR at end"""
        rows = self.rows_of(month)
        names = ("new", "reactivated", "expansion", "resumed", "contraction", "paused", "churned")
        return {
            "mrr_at_start": sum((row.mrr_at_start for row in rows), Decimal(0)),
            **{
                name: sum(
                    (abs(r.mrr_at_end - r.mrr_at_start) for r in rows if r.mrr_movement == name), Decimal(0)
                )
                for name in names
            },
            "mrr_at_end": sum((row.mrr_at_end for row in rows), Decimal(0)),
        }

    def revenue_retention(self, month: dt.date) -> tuple[Decimal | None, Decimal | None]:
        """> over the customers at start: sum of min(MRR at start, MRR at end) / sum of MRR at start […]
        > MRR at end / MRR at start"""
        rows = [row for row in self.rows_of(month) if row.state_at_start != "none"]
        start = sum((row.mrr_at_start for row in rows), Decimal(0))
        if not start:
            return None, None  # > a rate over nothing is null
        gross = sum((min(row.mrr_at_start, row.mrr_at_end) for row in rows), Decimal(0))
        return gross / start, sum((row.mrr_at_end for row in rows), Decimal(0)) / start

    def bridge_counts(self) -> dict[str, int]:
        """> with S = customers_at_start, L = those of S with an end of service inside the month (returned
        > or not), J = those not in S with a begin of service inside the month (first time or again), JL =
        > those of J with an end of service inside the month"""
        rows = self.rows_of(self.report_month)
        s = [row for row in rows if row.state_at_start != "none"]
        j = [row for row in rows if row.state_at_start == "none" and row.begins]
        return {
            "S": len(s),
            "L": sum(row.ends > 0 for row in s),
            "J": len(j),
            "JL": sum(row.ends > 0 for row in j),
            "lost": sum(row.movement == "lost" for row in s),
        }

    def bridge_customers(self) -> list[str]:
        """The customers with an end of service in the report month that our rule does not count as lost."""
        rows = self.rows_of(self.report_month)
        return [row.customer for row in rows if row.ends and row.movement != "lost"]

    def churn_at_gap(self, gap_days: int) -> tuple[int, int]:
        """> The report shows churn at gaps of 0, 3, 7 and 30 days: (customers at start, lost)."""
        start, end = self.report_month - DAY, self.as_of - DAY
        at_start = [customer for customer in self.own if self.covering(customer, start, gap_days)]
        return len(at_start), sum(not self.covering(customer, end, gap_days) for customer in at_start)

    # --- losses -------------------------------------------------------------------------------------

    def losses(self) -> list[tuple[str, dt.date, dt.date, int, Decimal, str, str | None]]:
        """(customer, month, lost_on, tenure_days, mrr, kind, reason) of each loss, all months.

        > churn date: when service ended (ended_at), never when the customer asked
        > Durations are whole days between dates in the business time zone
        """
        found = []
        for month in self.months():
            opens, closes = midnight(month, self.zone), midnight(next_month(month), self.zone)
            for row in self.rows_of(month):
                if row.movement != "lost":
                    continue
                ended = [s for s in self.service[row.customer] if s[1] and opens <= s[1] < closes]
                service = max(ended, key=lambda s: s[0])
                lost_on = day_of(service[1], self.zone)
                tenure = (lost_on - self.first_day(row.customer)).days
                kind, reason = self.answer(row.customer, service)
                found.append((row.customer, month, lost_on, tenure, row.mrr_at_start, kind, reason))
        return sorted(found)

    def answer(
        self, customer: str, service: tuple[dt.datetime, dt.datetime | None]
    ) -> tuple[str, str | None]:
        """> A loss belongs to the latest row after the service began; no row = not asked
        > involuntary = payment failure, dispute, or the biller's policy"""
        following = [begin for begin, _ in self.service[customer] if begin > service[0]]
        until = min(following, default=self.cut)
        asked = [
            (moment, reason, kind)
            for who, moment, reason, kind in self.answers
            if who == customer and service[0] <= moment < until
        ]
        if not asked:
            return "unknown", None
        _, reason, kind = max(asked)
        if kind:
            return kind, reason or None
        if reason in ("payment_failed", "payment_disputed", "biller_policy"):
            return "involuntary", reason
        return ("voluntary", reason) if reason else ("unknown", None)

    def leaving(
        self, customer: str, service: tuple[dt.datetime, dt.datetime | None]
    ) -> tuple[dt.date | None, dt.date | None, dt.date | None]:
        """(asked_on, ended_on, left_on) of one service of a customer.

        > Leaving means the first request to cancel or the end of service, whichever comes first
        """
        begin_on = day_of(service[0], self.zone)
        ended_on = day_of(service[1], self.zone) if service[1] else None
        later = [day_of(begin, self.zone) for begin, _ in self.service[customer] if begin > service[0]]
        asked = [day_of(moment, self.zone) for who, moment, _, _ in self.answers if who == customer]
        about_it = [
            day
            for day in asked
            if begin_on <= day <= (ended_on or self.as_of) and not any(begin <= day for begin in later)
        ]
        asked_on = min(about_it, default=None)
        left = [day for day in (asked_on, ended_on) if day]
        return asked_on, ended_on, min(left, default=None)

    # --- renewals -----------------------------------------------------------------------------------

    def renewals(self, dunning_days: int = 30) -> list[tuple[str, dt.date, bool, bool]]:
        """(customer, due_on, decided, renewed) of every annual renewal.

        > falls due on the day on which a year of unbroken annual billing is over, every year. Not renewed: no
        > customer at the end of the day dunning_days […] after it. Until that day is past it is undecided
        """
        found = []
        for customer, spans in self.own.items():
            for begin, end in merged([span for span in spans if span.interval == "year"]):
                begun = day_of(begin, self.zone)
                over = day_of(end, self.zone) if end else self.as_of
                due = same_day_later(begun, 12)
                years = 1
                while due <= over and due < self.as_of:
                    settled = due + dunning_days * DAY
                    found.append((customer, due, settled < self.as_of, self.is_customer(customer, settled)))
                    years += 1
                    due = same_day_later(begun, 12 * years)
        return sorted(found)

    # --- survival -----------------------------------------------------------------------------------

    def tenure(self, customer: str) -> tuple[dt.date, dt.date | None, str | None]:
        """(first_on, lost_on, kind of the loss).

        > days from the first day to the day of the first loss of service (after stitching; a pause does not
        > end it), censored at as_of
        """
        service = min(self.service[customer], key=lambda stretch: stretch[0])
        if service[1] is None:
            return self.first_day(customer), None, None
        return self.first_day(customer), day_of(service[1], self.zone), self.answer(customer, service)[0]

    def month_and_day(self, first: dt.date, day: dt.date) -> tuple[int, int]:
        """Whole calendar months of tenure that are over at the end of a day, and days since the last one."""
        over = 0
        while same_day_later(first, over + 1) <= day:
            over += 1
        return over, (day - same_day_later(first, over)).days

    def survival(self, seen_from: dt.date | None = None) -> dict[int, tuple[int, Fraction]]:
        """(at risk, share still there) at the end of each month of tenure, customer by customer.

        Who began before `seen_from` counts from that day on.
        """
        own = []
        for customer in self.own:
            first, lost_on, _ = self.tenure(customer)
            entry, last = max(first, seen_from or first), lost_on or self.as_of - DAY
            if entry <= last:
                clock = (self.month_and_day(first, entry), self.month_and_day(first, last))
                own.append((*clock, lost_on is not None))
        found: dict[int, tuple[int, Fraction]] = {}
        share = Fraction(1)
        for place in ((k, day) for k in range(500) for day in range(31)):
            at_risk = [one for one in own if one[0] <= place <= one[1]]
            if not at_risk:
                break
            lost = sum(is_lost and last == place for _, last, is_lost in at_risk)
            share *= 1 - Fraction(lost, len(at_risk))
            if place[1] == 0:
                found[place[0]] = (len(at_risk), share)
        return found

    # --- cohorts ------------------------------------------------------------------------------------

    def cohorts(self) -> dict[dt.date, list[str]]:
        """> customers whose first day lies in the calendar month (months without any are left out)"""
        found: dict[dt.date, list[str]] = {}
        for customer in self.own:
            found.setdefault(self.first_day(customer).replace(day=1), []).append(customer)
        return dict(sorted(found.items()))

    def calendar_cells(self) -> dict[tuple[dt.date, int], tuple[int, int]]:
        """(size, retained) of each cell.

        > share of cohort c that are customers at the end of calendar month c + k (k = 0: the end of c
        > itself; only months up to the report month)
        """
        found = {}
        for cohort, members in self.cohorts().items():
            month, k = cohort, 0
            while month <= self.report_month:
                end = next_month(month) - DAY
                retained = sum(self.is_customer(member, end) for member in members)
                found[cohort, k] = (len(members), retained)
                month, k = next_month(month), k + 1
        return found

    def anniversary_cells(self) -> dict[tuple[dt.date, int], tuple[int, int, int, bool, dt.date]]:
        """(size, reached, retained, final, final_on) of each cell.

        > among the members who have reached it: the share that are customers at the end of the day k
        > calendar months after each one's own first day […]. it is final when every member has reached k
        > and switch_gap_days more have passed by as_of […]; a cell that nobody has reached is left out
        """
        found = {}
        for cohort, members in self.cohorts().items():
            for k in range(1, 200):
                days = {member: same_day_later(self.first_day(member), k) for member in members}
                reached = [member for member in members if days[member] < self.as_of]
                if not reached:
                    break
                retained = sum(self.is_customer(member, days[member]) for member in reached)
                final_on = max(days.values()) + DAY + self.gap_days * DAY
                found[cohort, k] = (len(members), len(reached), retained, final_on <= self.as_of, final_on)
        return found


def merged(spans: Sequence[Span]) -> list[tuple[dt.datetime, dt.datetime | None]]:
    """The edges of the union of spans: (begin, end) of each unbroken stretch; end None: going on.

    > Service is the union of a customer's paying and paused spans.
    > a span that ends at the instant at which the next begins leaves no hole
    """
    stretches: list[tuple[dt.datetime, dt.datetime | None]] = []
    for span in sorted(spans, key=lambda span: span.start):
        if stretches and (stretches[-1][1] is None or span.start <= stretches[-1][1]):
            begin, end = stretches[-1]
            later = None if end is None or span.end is None else max(end, span.end)
            stretches[-1] = (begin, later)
        else:
            stretches.append((span.start, span.end))
    return stretches
