"""Whether different customers leave for different reasons: by plan, tenure, MRR and attributes."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from retention_helpers.business import Business, levels
from retention_helpers.churn_reasons.answers import AGAINST_THE_REST, BY, REASON, groups, in_order
from retention_helpers.churn_reasons.ranking import ORDER, in_columns, leading
from retention_helpers.shown.units import COUNT, P_VALUE, RATE, TEXT, columns, names_of, one_of
from retention_helpers.statistics.intervals import LEVEL, against_the_rest, holm, with_rate

OTHERS = "(all others)"
MOST_LEVELS = 8  # of one way to group; the smallest go together
PERMUTATIONS = 4_999

Integers = npt.NDArray[np.int64]


def with_groups(rows: pd.DataFrame, business: Business, *, by: levels.By | None = None) -> pd.DataFrame:
    """The rows with the level of each customer's attributes, beside plan, tenure and MRR band of the loss.

    A number with more than eight values goes into thirds; of more levels than eight the rarest go together.
    Personal attributes, and ones that know who left, are none (`attributes` in retention.yml names others);
    `by` names any of `levels.names` instead. A column `level of` each.

    Glossary: differs.
    """
    joined = levels.with_levels(rows, business, levels.attributes(business) if by is None else by)
    added = joined.columns.difference(rows.columns, sort=False)
    return joined.assign(**{name: _few(joined[name]) for name in added})


def _few(told: pd.Series) -> pd.Series:
    counts = told.value_counts()
    order = sorted(counts.index, key=lambda level: (-counts[level], level))
    return told if len(order) <= MOST_LEVELS else told.where(told.isin(order[: MOST_LEVELS - 1]), OTHERS)


@columns(by=BY, groups=COUNT, answered=COUNT, p_value=P_VALUE("p"), p_corrected=P_VALUE("p, corrected"),
         verdict=one_of("differs", "no clear difference", "too few", "the only one"))  # fmt: skip
def depends_on(said: pd.DataFrame, *, by: levels.By | None = None, min_customers: int) -> pd.DataFrame:
    """One row per plan, tenure, MRR band and attribute: whether the reasons differ between its groups.

    Takes the answers of a period with their groups. The p-value is that of a permutation test (Pearson's
    chi-square over shuffled answers, which holds for any size of group), corrected after Holm for looking at
    every row: "differs" below 5 %, "no clear difference" else, "too few" below `min_customers` answers,
    "the only one" where there is one group. `by` names some of the ways to group.

    Glossary: differs.
    """
    reasons = pd.factorize(said["reason"], sort=True)[0]
    rows = [
        {"by": name, "groups": said[column].nunique(), "answered": len(said),
         "p_value": independence_p(reasons, pd.factorize(said[column], sort=True)[0])}
        for name, column in groups(said, by).items()
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
    said: pd.DataFrame, top: pd.DataFrame, *, by: levels.By | None = None, min_customers: int
) -> pd.DataFrame:
    """One row per group and reason: the share of the group's answers that name the reason.

    Takes the answers of a period with their groups, and the table of `shares`, whose first three reasons are
    looked at. The verdict holds a group against the other groups of its kind, corrected after Holm over the
    whole table; "too few" below `min_customers`. `by` as in `depends_on`.

    Glossary: differs.
    """
    rows = [
        (name, level, reason, int((own["reason"] == reason).sum()), len(own))
        for name, column in groups(said, by).items()
        for level, own in in_order(said.groupby(column))
        for reason in leading(top)
    ]
    frame = with_rate(pd.DataFrame(rows, columns=names_of(by_group)[:5]), "share", "customers", "answered")
    verdicts = against_the_rest(
        list(frame["customers"]),
        list(frame["answered"]),
        kinds=[f"{by} {reason}" for by, reason in zip(frame["by"], frame["reason"], strict=True)],
        min_customers=min_customers,
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
