"""Whether different customers leave for different reasons: by plan, tenure, MRR and attributes."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.business import Business
from retention_helpers.churn_reasons.answers import AGAINST_THE_REST, BY, REASON, By, chosen, in_order
from retention_helpers.churn_reasons.ranking import ORDER, in_columns, leading
from retention_helpers.shown.units import COUNT, P_VALUE, RATE, TEXT, columns, names_of, one_of
from retention_helpers.statistics.intervals import LEVEL, against_the_rest, holm, with_rate
from retention_helpers.words.formats import shortest

NOT_GIVEN = "(not given)"
OTHERS = "(all others)"
MOST_LEVELS = 8  # of one attribute; the smallest go together, numbers into bands
PERMUTATIONS = 4_999

Integers = npt.NDArray[np.int64]


def with_groups(rows: pd.DataFrame, business: Business) -> pd.DataFrame:
    """The rows with each customer's attributes beside plan, tenure and MRR band, in at most eight levels.

    A number with more values goes into thirds; of more words the rarest go together.
    Personal ones, and ones that know who left, are none (`attributes` in retention.yml names others).

    Glossary: differs.
    """
    names = business.attributes.compared(business.settings.attributes)
    customers = business.table("customers")
    wanted = customers.filter(customers.customer_id.isin(list(rows["customer_id"]) or [""]))
    about = wanted.select("customer_id", *names).execute().drop_duplicates("customer_id")
    renamed = {name: f"customers.{name}" for name in names if name in rows.columns}
    joined = rows.merge(about.rename(columns=renamed), on="customer_id", how="left")
    for name in _attributes(joined, rows):
        joined[name] = _levels(joined[name])
    return joined


def _attributes(joined: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    return [name for name in joined.columns if name not in rows.columns]


def _levels(values: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    given = values.notna()
    if given.any() and numbers[given].notna().all() and numbers.nunique() > MOST_LEVELS:
        return _thirds(numbers).where(given, NOT_GIVEN)
    words = values.astype("object").where(given, NOT_GIVEN).astype("str")
    counts = words.value_counts()
    order = sorted(counts.index, key=lambda word: (-counts[word], word))
    return words if len(order) <= MOST_LEVELS else words.where(words.isin(order[: MOST_LEVELS - 1]), OTHERS)


def _thirds(numbers: pd.Series) -> pd.Series:
    first, second = (float(numbers.quantile(share, interpolation="lower")) for share in (1 / 3, 2 / 3))
    low, high = shortest(first), shortest(second)
    names = [f"up to {low}", f"above {low}, up to {high}", f"above {high}"]
    return pd.Series(
        np.select([numbers <= first, numbers <= second], names[:2], names[2]), index=numbers.index
    )


@columns(by=BY, groups=COUNT, answered=COUNT, p_value=P_VALUE("p"), p_corrected=P_VALUE("p, corrected"),
         verdict=one_of("differs", "no clear difference", "too few", "the only one"))  # fmt: skip
def depends_on(said: pd.DataFrame, *, by: By | None = None, min_customers: int) -> pd.DataFrame:
    """One row per plan, tenure, MRR band and attribute: whether the reasons differ between its groups.

    Takes the answers of a period with their groups. The p-value is that of a permutation test (Pearson's
    chi-square over shuffled answers, which holds for any size of group), corrected after Holm for looking at
    every row: "differs" below 5 %, "no clear difference" else, "too few" below `min_customers` answers,
    "the only one" where there is one group. `by` names some of the ways to group, or the interval of billing.

    Glossary: differs.
    """
    reasons = pd.factorize(said["reason"], sort=True)[0]
    rows = [
        {"by": name, "groups": said[name].nunique(), "answered": len(said),
         "p_value": independence_p(reasons, pd.factorize(said[name], sort=True)[0])}
        for name in chosen(said, by)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=names_of(depends_on)[:4])
    judged = (frame["groups"] > 1) & (len(said) >= min_customers)
    frame["p_value"] = frame["p_value"].where(judged)
    frame["p_corrected"] = np.nan
    frame.loc[judged, "p_corrected"] = holm(list(frame.loc[judged, "p_value"]))
    verdict = np.select(
        [frame["groups"] == 1, ~judged, frame["p_corrected"] < 1 - LEVEL],
        ["the only one", "too few", "differs"],
        "no clear difference",
    )
    return frame.assign(verdict=verdict)


def independence_p(rows: Integers, columns: Integers, permutations: int = PERMUTATIONS) -> float:
    """The p-value of "these two classifications have nothing to do with each other", by permutation.

    Pearson's chi-square against that of shuffled rows, the observed one counted with them, so that it never
    falls below 1 / (permutations + 1) and the test holds its level in any size. The shuffles are the same
    every time. Source: Phipson and Smyth 2010.
    """
    if len(rows) == 0:
        return float("nan")
    by_row, by_column = np.bincount(rows), np.bincount(columns)
    expected = np.outer(by_row, by_column) / len(rows)
    observed = np.zeros(expected.shape, dtype=np.int64)
    np.add.at(observed, (rows, columns), 1)
    least = _squares(observed[None], expected)[0] - 1e-9
    shuffled = _shuffled_tables(by_row, by_column, permutations)
    return (int((_squares(shuffled, expected) >= least).sum()) + 1) / (permutations + 1)


def _shuffled_tables(by_row: Integers, by_column: Integers, many: int) -> Integers:
    """The tables of counts that shuffling leaves, drawn cell by cell: as fast for a million rows as for ten.

    With both sums fixed, each cell is hypergeometric given those drawn before it.
    """
    rng = np.random.default_rng(20_260)
    tables = np.zeros((many, len(by_row), len(by_column)), dtype=np.int64)
    left = np.tile(by_column, (many, 1))  # of each column, for the rows to come
    for row, size in enumerate(by_row):
        wanted = np.full(many, size)
        for column in range(len(by_column)):
            others = left[:, column + 1 :].sum(axis=1)
            drawn = rng.hypergeometric(left[:, column], others, wanted)
            tables[:, row, column] = drawn
            wanted -= drawn
        left -= tables[:, row]
    return tables


def _squares(tables: npt.NDArray, expected: npt.NDArray) -> npt.NDArray:
    """Pearson's chi-square of each table, up to what is the same for all of them."""
    return (tables**2 / np.where(expected > 0, expected, 1)).sum(axis=(1, 2))


@columns(by=BY, level=TEXT, reason=REASON, customers=COUNT, answered=COUNT,
         share=RATE(of=("customers", "answered")), verdict=AGAINST_THE_REST)  # fmt: skip
def by_group(
    said: pd.DataFrame, top: pd.DataFrame, *, by: By | None = None, min_customers: int
) -> pd.DataFrame:
    """One row per group and reason: the share of the group's answers that name the reason.

    Takes the answers of a period with their groups, and the table of `shares`, whose first three reasons are
    looked at. The verdict holds a group against the other groups of its kind, corrected after Holm over the
    whole table; "too few" below `min_customers`. `by` as in `depends_on`.

    Glossary: differs.
    """
    rows = [
        (name, level, reason, int((own["reason"] == reason).sum()), len(own))
        for name in chosen(said, by)
        for level, own in in_order(said.groupby(name))
        for reason in leading(top)
    ]
    frame = with_rate(pd.DataFrame(rows, columns=names_of(by_group)[:5]), "share", "customers", "answered")
    verdicts = against_the_rest(
        list(frame["customers"]),
        list(frame["answered"]),
        kinds=[f"{by} {reason}" for by, reason in zip(frame["by"], frame["reason"], strict=True)],
        fewest=min_customers,
    )
    return frame.assign(verdict=verdicts)


@columns(group=TEXT, answered=COUNT, **dict.fromkeys(ORDER, RATE), stands_out=TEXT)
def side_by_side(parts: pd.DataFrame) -> pd.DataFrame:
    """One row per group, a column a reason: `by_group` as people read it.

    `stands_out` says which of the reasons do; "too few" below the least. Columns: group, answered, a share
    with _low and _high for each reason, stands_out.
    """
    rows = []
    for (by, level), own in parts.groupby(["by", "level"], sort=False):
        out = own[own["verdict"].isin(["above the rest", "below the rest"])]
        found = [f"{one.reason.replace('_', ' ')} {one.verdict}" for one in out.itertuples()]
        few = "too few" if (own["verdict"] == "too few").all() else None
        row = {"group": f"{BY.write(by)}: {level}", "answered": own["answered"].iloc[0]}
        rows.append({**row, **in_columns(own), "stands_out": "; ".join(found) or few})
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["group", "answered", "stands_out"])
