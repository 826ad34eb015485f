"""Who was there on a day, what they had bought, and whether they left within the horizon after it."""

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.business.losses import kept_leavings
from retention_helpers.business.spans import kept_spans, stretches
from retention_helpers.statistics.before_after import FEWEST_PERIODS, Group, alike
from retention_helpers.words.spellings import months_in

Days = npt.NDArray[np.int64]  # since 1970
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

HORIZON_DAYS = 60  # of an announcement; also how long a period before it is
MOST_PERIODS = 12
STAGES = (8, 31, 91, 366)  # first days of the stages of tenure after the first
NEVER = np.iinfo(np.int64).max // 2


@dataclass(frozen=True)
class Lives:
    """Customers as columns of numbers; days are counted since 1970.

    Attributes:
        first_on: the first day of each customer, by number.
        customer, begin, left: of each service its customer, first day, and the day of leaving (NEVER: none).
        payer, start, end, mrr, sold, renews_every: of each span its customer, first day, first day without it
            (NEVER: open), MRR, place in `offers`, and its months from one renewal to the next (0: at most a
            horizon).
        term_on: of each span the day from which its renewals are counted.
        offers: plan and interval of what is sold.
        known_from, as_of: the first day from which all leavings are known, and the cut.
    """

    first_on: Days
    customer: Days
    begin: Days
    left: Days
    payer: Days
    start: Days
    end: Days
    mrr: Floats
    sold: Days
    renews_every: Days
    term_on: Days
    offers: tuple[tuple[str, str], ...]
    known_from: int
    as_of: int

    def there(self, day: int) -> tuple[Days, Flags]:
        """The customers at a day's start who had neither asked nor left, and who of them does within the
        horizon."""
        rows = (self.begin < day) & (self.left >= day)
        return self.customer[rows], self.left[rows] < day + HORIZON_DAYS

    def paid(self, day: int) -> Floats:
        """The MRR of every customer at a day's start."""
        rows = self._covering(day)
        return np.bincount(self.payer[rows], self.mrr[rows], len(self.first_on)).astype(float)

    def having(self, day: int, plans: frozenset[str]) -> Flags:
        """Every customer who at a day's start had one of these plans, and a renewal within the horizon.

        Without an interval, or with one that is shorter than the horizon, there always is one.
        """
        wanted = np.array([plan in plans for plan, _ in self.offers], dtype=bool)
        rows = np.flatnonzero(self._covering(day))
        rows = rows[wanted[self.sold[rows]]]
        due = next_renewal(self.term_on[rows], self.renews_every[rows], day)
        found = np.zeros(len(self.first_on), dtype=bool)
        found[self.payer[rows[due < day + HORIZON_DAYS]]] = True
        return found

    def offer(self, day: int) -> Days:
        """The one offer that every customer paid for at a day's start; -1 where none, or several."""
        rows = self._covering(day) & (self.mrr > 0)
        many = np.bincount(self.payer[rows], minlength=len(self.first_on))
        found = np.full(len(self.first_on), -1, dtype=np.int64)
        found[self.payer[rows]] = self.sold[rows]
        return np.where(many == 1, found, -1)

    def holders(self, day: int, plan: str, interval: str) -> int:
        """How many customers had an offer at a day's start."""
        rows = self._covering(day) & (self.sold == self.offers.index((plan, interval)))
        return len(np.unique(self.payer[rows]))

    def _covering(self, day: int) -> Flags:
        return (self.start < day) & (self.end >= day)

    def periods(self, day: int) -> list[int]:
        """The first days of the judged period and of those before it that are whole in the data."""
        starts = [day - nth * HORIZON_DAYS for nth in range(MOST_PERIODS + 1)]
        return [one for one in starts if one >= self.known_from]


def next_renewal(term_on: Days, every: Days, day: int) -> Days:
    """The first renewal at or after a day of terms that renew every so many calendar months; 0: that day.

    >>> day = np.datetime64("2026-02-10").astype(int)
    >>> due = next_renewal(np.array([np.datetime64("2024-01-31").astype(int)] * 3), np.array([12, 1, 0]), day)
    >>> due.astype("datetime64[D]").astype(str).tolist()
    ['2027-01-31', '2026-02-28', '2026-02-10']
    """
    begun, now = term_on.astype("datetime64[D]"), np.datetime64(int(day), "D")
    own, this = begun.astype("datetime64[M]"), now.astype("datetime64[M]")
    steps = np.maximum(every, 1)
    passed = np.maximum((this - own).astype("int64") // steps, 0) * steps
    due = _months_after(begun, passed)
    late = _months_after(begun, passed + steps)
    found = np.where(due >= now, due, late).astype("int64")
    return np.where(every > 0, found, day)


def _months_after(begun: npt.NDArray, months: Days) -> npt.NDArray:
    own = begun.astype("datetime64[M]")
    first = (own + months).astype("datetime64[D]")
    length = ((own + months + 1).astype("datetime64[D]") - first).astype("int64")
    return first + np.minimum((begun - own.astype("datetime64[D]")).astype("int64"), length - 1)


@dataclass(frozen=True)
class Seen:
    """What became of the exposed and of the others in the judged period and in those before it.

    Each has six layers (who left, who was there, the same by MRR, the same by its squares), a row a period
    and a column a stage of tenure.
    """

    exposed: Floats
    control: Floats

    @property
    def periods(self) -> int:
        """How many came before the judged one."""
        return self.exposed.shape[1] - 1

    def with_control(self, fewest: int) -> "Seen | None":
        """The periods as far back as some were not exposed.

        None where fewer than so many are not in the judged one, too few periods are left, or none of them
        ever left: who cannot leave does not show what else happened.
        """
        others = self.control[1].sum(axis=1)
        enough = (others > 0) & (others[0] >= fewest)
        upto = len(enough) if enough.all() else int(np.argmin(enough))
        both = Seen(self.exposed[:, :upto], self.control[:, :upto])
        return both if upto > FEWEST_PERIODS and both.control[0].any() else None

    def earlier(self, nth: int) -> "Seen":
        """The same as if the announcement had come so many periods earlier."""
        return Seen(self.exposed[:, nth:], self.control[:, nth:])


def seen(lives: Lives, day: int, plans: frozenset[str] | None) -> Seen:
    """What became of the exposed and the others in the horizon from a day on, and in those before.

    `plans` are the plans whose customers were exposed if they had a renewal within the horizon; None: all
    customers were. In every earlier period the same rule says who counts as exposed.
    """
    found = [_period(lives, start, plans) for start in lives.periods(day)]
    exposed, control = (np.stack(side, axis=1) for side in zip(*found, strict=True))
    return Seen(exposed, control)


def by_count(side: Floats) -> Group:
    """One side of what was seen, a customer counting once."""
    return alike(side[0], side[1])


def _period(lives: Lives, day: int, plans: frozenset[str] | None) -> tuple[Floats, Floats]:
    who, leaves = lives.there(day)
    stage = np.searchsorted(STAGES, day - lives.first_on[who], side="right")
    mrr = lives.paid(day)[who]
    exposed = np.ones(len(who), dtype=bool) if plans is None else lives.having(day, plans)[who]
    return _sums(stage, leaves, mrr, exposed), _sums(stage, leaves, mrr, ~exposed)


def _sums(stage: Days, leaves: Flags, mrr: Floats, own: Flags) -> Floats:
    size = len(STAGES) + 1
    gone = own & leaves
    return np.stack(
        [
            np.bincount(stage[rows], weights[rows], size)
            for weights in (np.ones(len(stage)), mrr, mrr**2)
            for rows in (gone, own)
        ]
    )


def by_mrr(side: Floats) -> Group:
    """One side of what was seen, by MRR: as many equal customers as its unequal amounts are worth.

    The fewer of Kish's effective size and of the size at which a plain share would vary as much as this one.
    Sources: Kish 1965; Dean and Pagano 2015.
    """
    left, there, left_squared, squared = side[2:]
    own = alike(left, there)
    total, gone = there.sum(axis=1), left.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = gone / total
        spread = (1 - 2 * share) * left_squared.sum(axis=1) + share**2 * squared.sum(axis=1)
        measured = np.where(spread > 0, share * (1 - share) * total**2 / spread, np.inf)
        size = np.minimum(total**2 / squared.sum(axis=1), measured)
        worth = np.where(total > 0, size / total, 0.0)
    return Group(own.left * worth, np.maximum(own.customers * worth, 1e-9))


# --- from a business


def lives_of(business: Business) -> Lives:
    """The customers of a business, up to its cut."""
    spans = kept_spans(business)
    served = kept_leavings(business).order_by("customer_id", "service").execute()
    who = pd.Index(served["customer_id"].unique())
    terms = _terms(business)
    sold = spans.join(terms, ["customer_id", "plan", "interval"]).filter(
        lambda row: (
            (row.started_on >= row.term_on)
            & (row.term_end.isnull() | (row.started_on < row.term_end) | (row.started_on == row.term_on))
        )
    )
    bought = sold.select(
        "customer_id", "started_on", "end_on", "plan", "interval", "term_on",
        mrr=sold.mrr.cast("float64"),
    ).order_by("customer_id", "started_on", "plan", "interval", "mrr").execute()  # fmt: skip
    offers = bought[["plan", "interval"]].drop_duplicates().sort_values(["plan", "interval"])
    place = {pair: nth for nth, pair in enumerate(offers.itertuples(index=False, name=None))}
    months = {pair: _months_between_renewals(pair[1]) for pair in place}
    pairs = list(bought[["plan", "interval"]].itertuples(index=False, name=None))
    begin = days_of(served["begin_on"])
    customer = who.get_indexer(served["customer_id"])
    first_on = np.full(len(who), NEVER, dtype=np.int64)
    np.minimum.at(first_on, customer, begin)
    starts_on = business.settings.history_starts_on
    known_from = max(int(begin.min()) + HORIZON_DAYS, _day(starts_on) if starts_on else 0)
    return Lives(
        first_on=first_on,
        customer=customer,
        begin=begin,
        left=days_of(served["left_on"]),
        payer=who.get_indexer(bought["customer_id"]),
        start=days_of(bought["started_on"]),
        end=days_of(bought["end_on"]) - 1,
        mrr=bought["mrr"].to_numpy(dtype=float),
        sold=np.array([place[pair] for pair in pairs], dtype=np.int64),
        renews_every=np.array([months[pair] for pair in pairs], dtype=np.int64),
        term_on=days_of(bought["term_on"]),
        offers=tuple(place),
        known_from=known_from,
        as_of=_day(business.as_of),
    )


def _terms(business: Business) -> ir.Table:
    """A row a customer, plan and interval an unbroken stretch: customer_id, plan, interval, term_on, end."""
    spans = kept_spans(business)
    keyed = spans.mutate(
        own=ibis.literal("").concat(spans.customer_id, "\x1f", spans.plan, "\x1f", spans.interval)
    )
    of = keyed.select("own", "customer_id", "plan", "interval").distinct()
    unbroken = stretches(keyed.drop("customer_id").rename(customer_id="own"))
    named = unbroken.select(own="customer_id", term_on="begin_on", term_end="end_on").join(of, "own")
    return named.select("customer_id", "plan", "interval", "term_on", "term_end")


def _months_between_renewals(interval: str) -> int:
    """The months of a long interval; 0 for one within the horizon, and where none is given.

    >>> [_months_between_renewals(one) for one in ("month", "year", "3 months", "week", "(not given)")]
    [0, 12, 3, 0, 0]
    """
    months = months_in(interval) or 0
    return months if months * 31 > HORIZON_DAYS else 0


def _day(day: dt.date) -> int:
    return int(np.datetime64(day, "D").astype("int64"))


def days_of(column: pd.Series) -> Days:
    """Days as numbers since 1970; NEVER where there is none."""
    found = pd.to_datetime(column).to_numpy("datetime64[D]")
    return np.where(np.isnat(found), NEVER, found.astype("int64"))
