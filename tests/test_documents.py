"""The papers say what is so: the glossary points at code that exists, the README at numbers that hold."""

import inspect
import itertools
import pkgutil
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from corruptions import CORRUPTIONS

from retention_helpers import churn_reasons, churned_vs_retained, early_warning, experiments
from retention_helpers.business import SAMPLE, months
from retention_helpers.churned_vs_retained import (
    adjusted,
    cuts,
    established,
    features,
    models,
    univariate,
    valuation,
)
from retention_helpers.contract.experiments import KEYS, read_experiments
from retention_helpers.contract.settings import Settings, read_settings
from retention_helpers.contract.tables import ACCEPTABLE
from retention_helpers.early_warning import indicators, lifecycle, past, risk, snapshots
from retention_helpers.experiments import pause, plan, split
from retention_helpers.measurement import activity, cohorts, measures, survival
from retention_helpers.shown.results import Measure
from retention_helpers.statistics import intervals, looks

PROJECT = SAMPLE.parent.parent
GLOSSARY = (PROJECT / "GLOSSARY.md").read_text(encoding="utf-8")
README = (PROJECT / "README.md").read_text(encoding="utf-8")
ROOMS = (
    "statistics|business|measurement|churn_reasons|churned_vs_retained|experiments|early_warning|"
    "win_back_and_loyalty|repeat_purchase"
)
CODE = re.compile(rf"`((?:{ROOMS})(?:\.\w+)+)`")


@pytest.mark.parametrize("name", sorted(set(CODE.findall(GLOSSARY))))
def test_the_glossary_points_at_code(name: str) -> None:
    """Every "computed in" is a function that exists and says itself what it computes."""
    assert inspect.getdoc(pkgutil.resolve_name(f"retention_helpers.{name}"))


@pytest.mark.parametrize("module", [measures, cohorts, survival, activity])
def test_every_measure_is_in_the_glossary(module: object) -> None:
    """A public function of the analyses that the glossary does not name has no written definition."""
    name = module.__name__.split(".", 1)[1]  # type: ignore[attr-defined]
    own = {
        f"{name}.{function}"
        for function, code in inspect.getmembers(module, inspect.isfunction)
        if code.__module__ == module.__name__ and not function.startswith("_")  # type: ignore[attr-defined]
    }
    about_the_page = {
        "measurement.measures.customers_lost",
        "measurement.measures.owner_notes",
        "measurement.measures.churn_of_month",
        "measurement.measures.mrr_parts",
        "measurement.measures.bands",
        "measurement.cohorts.as_records",
        "measurement.activity.day_bits",
        "measurement.activity.month_bits",
        "measurement.activity.active_bits",
        "measurement.activity.kept_accounts",
        "measurement.activity.kept_sign_ups",
    }
    assert own - about_the_page == {name for name in CODE.findall(GLOSSARY) if name in own}


def offered_by(room: ModuleType) -> list[Any]:
    """The measures and the room's own functions at its door."""
    own = [one for one in vars(room).values() if getattr(one, "__module__", "").startswith(room.__name__)]
    return own + [one for one in vars(room).values() if isinstance(one, Measure)]


def test_every_measure_of_churned_vs_retained_is_in_the_glossary() -> None:
    """What its measures compute, but for the choice of rows that a page shows and what its `said` writes."""
    offered = offered_by(churned_vs_retained)
    computed = [one.of if isinstance(one, Measure) else one for one in offered]
    own = {
        f"{one.__module__.removeprefix('retention_helpers.')}.{one.__name__}"
        for one in computed
        if inspect.isfunction(one) and ".said." not in one.__module__
    }
    about_the_page = {"churned_vs_retained.staying.at_days"}
    assert own - about_the_page == {name for name in CODE.findall(GLOSSARY) if name in own}


def test_the_glossary_of_churned_vs_retained_holds_the_numbers_of_the_code() -> None:
    """Days, sizes, and what the verdicts need."""
    days = Settings()
    assert f"(`landmark_days`, default {days.landmark_days})" in GLOSSARY
    assert f"(`horizon_days`, default {days.horizon_days})" in GLOSSARY
    assert f"fewer than {univariate.FEWEST_LOST} lost or stayed" in GLOSSARY
    assert f"fewer than {models.ENOUGH_LOST} losses for a column" in GLOSSARY
    assert f"an association of {adjusted.ALIKE:g} or more *move together*" in GLOSSARY
    assert f"q at most {100 * univariate.SEEN_BELOW:.0f} %" in GLOSSARY
    assert f"rise by {100 * valuation.STEP:.0f} points; {100 * valuation.POWER:.0f} % power" in GLOSSARY
    assert (adjusted.EXPLAINED, adjusted.NAMED, cuts.EITHER_SIDE) == (1 / 2, 1 / 5, 1 / 5)  # in words
    lately, before = established.LATELY, established.BEFORE
    assert f"customers for {lately + before} days or longer" in GLOSSARY
    assert f"use of the last {lately} days against the {before} before" in GLOSSARY
    assert f"left in the {established.WITHIN} days after" in GLOSSARY


def test_every_measure_of_the_warnings_is_in_the_glossary() -> None:
    """What the measures that the room offers are computed by, but for other views of the same tables."""
    offered = offered_by(early_warning)
    codes = [one.of for one in offered if isinstance(one, Measure)]
    own = {f"{code.__module__}.{code.__name__}".split(".", 1)[1] for code in codes}
    other_views = {
        "early_warning.indicators.lately",
        "early_warning.indicators.with_leads",
        "early_warning.lifecycle.by_stage",
        "early_warning.past.steadiness",
        "early_warning.people.totals",
        "early_warning.thresholds.with_thresholds",
    }
    assert own - other_views == {name for name in CODE.findall(GLOSSARY) if name in own}


def test_the_glossary_of_the_warnings_holds_the_numbers_of_the_code() -> None:
    """Horizon, ages, stages, and what the verdicts need."""
    ages = " ".join(GLOSSARY.split())
    bands = (0, *past.TENURE_BANDS)
    spans = [f"{first}–{after - 1}" for first, after in itertools.pairwise(bands)]
    assert f"{', '.join(spans)}, {bands[-1]} and more days ago" in ages
    assert f"*within {snapshots.HORIZON_DAYS} days* of a month end" in ages
    assert f"the lift is at least {past.WORTH_IT:g}" in ages and f"rules out {past.NOT_TO_MISS:g} " in ages
    assert f"C = {risk.PENALTY:g}" in ages and f"age (up to {risk.OLDEST} days)" in ages
    assert f"habit (8–{lifecycle.HABIT})" in ages and f"first week (0–{risk.FIRST_WEEK})" in ages
    assert f"p from {indicators.SHUFFLES:,} shuffles" in ages
    assert f"from {indicators.FEWEST_MONTHS} months on" in ages


def test_every_measure_of_the_reasons_is_in_the_glossary() -> None:
    """The same for a package: what its door offers is a definition, or it belongs to the page."""
    offered = offered_by(churn_reasons)
    functions = [one.of if isinstance(one, Measure) else one for one in offered]
    own = {
        f"{one.__module__.removeprefix('retention_helpers.')}.{one.__name__}"
        for one in functions
        if inspect.isfunction(one)
    }
    about_the_page = {
        "churn_reasons.calls.message",
        "churn_reasons.calls.survey",
        "churn_reasons.calls.survey_text",
        "churn_reasons.groups.side_by_side",
        "churn_reasons.quotes.latest",
        "churn_reasons.ranking.months_side_by_side",
        "churn_reasons.ranking.with_bounds",
        "churn_reasons.said.answers.lines_to_paste",
        "churn_reasons.said.ranking.base",
        "churn_reasons.said.ranking.base_beside",
    }
    assert own - about_the_page == {name for name in CODE.findall(GLOSSARY) if name in own}


def test_columns_of_the_movement_are_glossary_terms(sample) -> None:  # type: ignore[no-untyped-def]
    """A column that an owner reads is a term of the glossary."""
    terms = {line.split("|")[1].strip() for line in GLOSSARY.splitlines() if line.startswith("| ")}
    columns = set(measures.customer_movement(sample).columns) - {"month"}
    assert columns <= terms


def test_glossary_numbers_are_those_of_the_code() -> None:
    """Thresholds that the glossary names are the ones that the code uses."""
    assert f"up to {intervals.EXACT_UP_TO} customers" in GLOSSARY
    assert f"default {Settings().switch_gap_days} days" in GLOSSARY
    stages = [*measures.TENURE_DAYS, None]
    assert "days 0–7, 8–30, 31–90, 91–365, 366 and later" in GLOSSARY
    assert stages == [0, 8, 31, 91, 366, None]
    assert f"(N = {', '.join(map(str, activity.N_DAYS))})" in GLOSSARY
    assert f"of those who have had {activity.FOLLOWED} days more" in GLOSSARY
    assert f"default {Settings().dunning_days})" in GLOSSARY
    assert f"default {Settings().high_value_mrr})" in GLOSSARY
    assert f"months 1 to {survival.HEAVY_UP_TO}" in GLOSSARY
    assert f"fewer than {survival.FEWEST_FOLLOWED} customers began" in GLOSSARY


DOCS = PROJECT / "docs"
EXAMPLES = [
    example
    for page in ("import.md", "settings.md", "experiments.md")
    for example in re.findall(
        r"^( *)```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
]


@pytest.mark.parametrize("example", [one for one in EXAMPLES if "# experiments.yml" not in one[1]])
def test_settings_in_the_papers_are_accepted(tmp_path: Path, example: tuple[str, str]) -> None:
    """Every example of retention.yml in the papers is a valid one."""
    text = textwrap.dedent(example[1])
    (tmp_path / "retention.yml").write_text(text, encoding="utf-8")
    found = read_settings(tmp_path)
    assert all(getattr(found, key) for key in set(yaml.safe_load(text)) - {"show_names"})


def test_experiments_in_the_papers_are_accepted(tmp_path: Path) -> None:
    """The example of experiments.yml is a valid one, and the page names every key that there is."""
    (example,) = (text for _, text in EXAMPLES if "# experiments.yml" in text)
    (tmp_path / "experiments.yml").write_text(example, encoding="utf-8")
    assert list(read_experiments(tmp_path)) == ["onboarding_call"]
    written = yaml.safe_load(example)["onboarding_call"]
    assert set(written) | {"milestone"} == set(KEYS)
    assert "milestone:" in (DOCS / "experiments.md").read_text(encoding="utf-8")


def _place(function: Callable[..., object]) -> str:
    """Where a function stands in the package."""
    return f"{function.__module__.removeprefix('retention_helpers.')}.{function.__qualname__}"


def test_every_measure_of_the_experiments_is_in_the_glossary() -> None:
    """What the package offers, but for the columns that a page shows of it."""
    functions = offered_by(experiments)
    offered = {_place(function) for function in functions if inspect.isfunction(function)}
    orders = {f"experiments.said.orders.{name}" for name in ("do_now", "order_alone")}
    about_the_page = {"experiments.said.tables.curve_outcomes", *orders}
    assert offered - about_the_page == {name for name in CODE.findall(GLOSSARY) if name in offered}
    assert f"above {plan.TOO_LONG} months" in GLOSSARY
    assert f"*broken* below p = {split.SPLIT_LEVEL}" in GLOSSARY
    assert f"more than {100 * split.TOLERATED:.0f} % of the customers, and more than four, in two" in GLOSSARY
    assert split.FEW == 4
    assert f"and {100 * looks.SHORT_BY:g} % at most" in GLOSSARY
    past = f"within {plan.NEWCOMER_DAYS} days of their first; below {plan.FEWEST_IN_THE_PAST} of them"
    assert past in GLOSSARY
    assert f"by day {pause.PAUSE_DAYS} after the offer" in GLOSSARY


def test_readme_finding_holds(sample) -> None:  # type: ignore[no-untyped-def]
    """The finding that the README tells is the one that the sample shows."""
    churn = measures.customer_churn(sample).iloc[-1]
    told = f"{churn['lost']} of {churn['customers_at_start']} customers"
    assert told in README


def test_the_comparison_that_the_readme_tells_holds(sample) -> None:  # type: ignore[no-untyped-def]
    """The shadow and the cause, with the shares of the sample."""
    comparison = features.comparison(sample, landmark_days=30)
    alone = univariate.compare_alone(comparison).set_index("name")
    for name in ("first_week_integration_connected", "onboarding_completed"):
        assert alone.loc[name, "level"] == "no"
        shares = [f"{alone.loc[name, side]:.0%}".replace("%", " %") for side in ("rest_risk", "level_risk")]
        assert re.search(rf"{shares[0]}[^.]*{shares[1]}", README)


PAPERS = [*PROJECT.glob("*.md"), *DOCS.glob("*.md"), *PROJECT.glob("retention_helpers/**/*.md")]


@pytest.mark.parametrize("page", PAPERS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a paper names a file of the project, and every anchor a heading."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
    heads = {
        re.sub(r"[^a-z0-9 _-]", "", head.lower()).replace(" ", "-")
        for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= heads


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_every_module_has_its_line_in_contributing() -> None:
    """The table of the house names every module of the package."""
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = PROJECT / "retention_helpers"
    rooms = [*package.glob("*.py"), *(path.parent for path in package.glob("*/__init__.py"))]
    modules = {path.stem for path in rooms} - {"__init__", "__main__"}
    assert {name for name in modules if f"`{name}`" not in text} == set()
    assert months.__doc__


QUALITY = (PROJECT / "docs" / "data_quality.md").read_text(encoding="utf-8")


def test_every_rule_of_the_gate_is_explained() -> None:
    """Each with what it would do to the numbers; the classes that nothing can see are listed."""
    said = {name for corruption in CORRUPTIONS for name in corruption.rules} | set(ACCEPTABLE)
    of_columns = {name for name in said if name.endswith((" unreadable", " empty")) and " mrr" not in name}
    assert [name for name in sorted(said - of_columns) if name not in QUALITY] == []
    assert [c.name for c in CORRUPTIONS if not c.rules and f"- {c.name}" not in QUALITY] == []


def test_what_may_be_accepted_is_what_the_gate_accepts() -> None:
    """The last column of the table of warnings."""
    rows = [line.split("|") for line in QUALITY.splitlines() if line.count("|") == 5]
    assert {cells[1].strip() for cells in rows if cells[4].strip() == "yes"} == set(ACCEPTABLE)
