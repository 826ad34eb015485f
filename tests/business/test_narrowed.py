"""A business narrowed to some of its customers is the business of those alone."""

from collections.abc import Callable
from typing import Any

import pytest

from retention_helpers.business import SAMPLE, Business, open_business
from retention_helpers.business.opening import narrowed
from retention_helpers.business.spans import kept_spans
from retention_helpers.measurement import measures
from retention_helpers.shown.sentences import warnings
from retention_helpers.words.errors import InputError

SPANS = [
    ("A", "2026-01-05", "", 10, "active", "solo"),
    ("B", "2026-01-05", "2026-03-09", 20, "active", "team"),
    ("C", "2026-01-05", "2026-03-20", 40, "active", "solo"),
    ("D", "2026-01-05", "", 80, "active", "team"),
]
PEOPLE = [
    {"customer_id": "A", "signed_up_at": "2026-01-05", "country": "DE"},
    {"customer_id": "B", "signed_up_at": "2026-01-05", "country": "DE"},
    {"customer_id": "C", "signed_up_at": "2026-01-05", "country": "AT"},
]


@pytest.fixture(scope="module")
def whole(business_of: Callable[..., Business]) -> Business:
    """A and B in Germany, C in Austria; D stands in no table of customers. B and C leave in March."""
    return business_of(SPANS, customers=PEOPLE)


@pytest.mark.parametrize(
    ("where", "start", "lost", "mrr"),
    [
        ({"country": "DE"}, 2, 1, 30),
        ({"country": ["AT", "DE"]}, 3, 2, 70),
        ({"country": "(not given)"}, 1, 0, 80),
        ({"first_plan": "solo"}, 2, 1, 50),
        ({"first_plan": "solo", "country": "AT"}, 1, 1, 40),
        ({"start_year": 2026, "country": None}, 1, 0, 80),
    ],
)
def test_every_measure_is_of_those_alone(
    whole: Business, where: dict[str, Any], start: int, lost: int, mrr: int
) -> None:
    """Customers at the start of March, those lost in it, and their MRR at its start."""
    own = narrowed(whole, where)
    now = measures.customer_movement(own).iloc[-1]
    assert (now["customers_at_start"], now["lost"]) == (start, lost)
    assert measures.mrr_movement(own).iloc[-1]["mrr_at_start"] == mrr


def test_a_narrowed_business_says_whose_numbers_these_are(whole: Business) -> None:
    """Each page begins with the warnings; memory of earlier reports tells it from the whole."""
    own = narrowed(whole, {"country": ["AT", "DE"], "first_plan": "solo"})
    assert own.identity.mark == f"{whole.identity.mark}, only country AT or DE; first_plan solo"
    assert narrowed(own, {"country": "AT"}).identity.mark == f"{own.identity.mark}; country AT"
    assert not own.identity.is_of(whole.identity.mark) and not whole.identity.is_of(own.identity.mark)
    said = repr(warnings(own.faults))
    assert "only country AT or DE; first_plan solo" in said.splitlines()[0]
    assert "These numbers are of the 2 of 4 customers with country AT or DE; first_plan solo alone." in said
    assert own.faults[1:] == whole.faults
    assert own.name == whole.name


def test_the_parts_add_up_to_the_whole(whole: Business) -> None:
    """And the whole is as it was, although both were asked of one engine."""
    levels = ("DE", "AT", "(not given)")
    parts = [measures.customer_movement(narrowed(whole, {"country": level})) for level in levels]
    together = sum(part.drop(columns="month").iloc[-1] for part in parts)
    assert together.equals(measures.customer_movement(whole).drop(columns="month").iloc[-1])
    assert kept_spans(whole).count().execute() == len(SPANS)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"land": "DE"}, r"Customers cannot be grouped by land, only by .*country"),
        (
            {"country": "FR"},
            r"No customer has country FR\. The levels of country are: \(not given\), AT, DE\.",
        ),
        ({"country": []}, "where names no level of country"),
        (("country", "DE"), "where names levels by what customers are grouped by"),
        ({}, "where names levels by what customers are grouped by"),
        ({"country": "AT", "first_plan": "team"}, "No customer has all of these levels"),
    ],
)
def test_what_does_not_exist_is_said_with_what_does(
    whole: Business, where: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        narrowed(whole, where)


def test_narrowed_twice_is_narrowed_by_both(whole: Business) -> None:
    """In whatever order, and beside one that is narrowed once."""
    germany, solo = narrowed(whole, {"country": "DE"}), narrowed(whole, {"first_plan": "solo"})
    both = [narrowed(germany, {"first_plan": "solo"}), narrowed(solo, {"country": "DE"})]
    start = [int(measures.customer_movement(one).iloc[-1]["customers_at_start"]) for one in (*both, solo)]
    assert start == [1, 1, 2]


def test_the_sample_opens_narrowed(sample: Business, tmp_path: Any) -> None:
    """By the door that a notebook uses."""
    business = open_business(SAMPLE, "2026-10", where={"first_plan": "solo"}, cache=tmp_path)
    try:
        solo, every = (measures.customer_movement(one).iloc[-1] for one in (business, sample))
        assert 0 < solo["customers_at_start"] < every["customers_at_start"]
    finally:
        business.close()
