"""The words of the messages: ours are whole, the owner's take their place, and faults are said."""

from pathlib import Path

import pytest
import yaml

from retention_helpers.contract.messages import (
    MESSAGES_FILE,
    filled,
    offer_for,
    our_messages,
    read_messages,
)
from retention_helpers.words.errors import InputError


def own(folder: Path, text: str) -> Path:
    (folder / MESSAGES_FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("campaign", ["silent", "win_back"])
def test_five_messages_on_their_days(campaign: str) -> None:
    every = our_messages()[campaign]
    assert [every[str(nth)]["day"] for nth in range(1, 6)] == [0, 3, 7, 10, 14]
    assert all(
        one["subject"] and one["purpose"] and one["body"].startswith("Hello {name},")
        for one in every.values()
    )


def test_a_pause_comes_before_any_discount() -> None:
    text = yaml.safe_dump(dict(our_messages())).lower()
    assert "discount" not in text and "pause" in our_messages()["win_back"]["5"]["body"]


def test_the_owners_words_take_the_place_of_ours(tmp_path: Path) -> None:
    found = read_messages(
        own(tmp_path, ["win_back: {1: {subject: Come home}}", "offers: {other_reason: }", ""][0])
    )
    assert found["win_back"]["1"]["subject"] == "Come home"
    assert found["win_back"]["1"]["body"] == our_messages()["win_back"]["1"]["body"]
    assert read_messages(tmp_path.parent) == our_messages()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("win_bak: {}", "there is no win_bak. Did you mean win_back?"),
        ("win_back: {6: {day: 20}}", "there is no win_back.6"),
        ("win_back: {1: {day: soon}}", "win_back.1.day should be a whole number"),
        ("win_back: {1: {subject: 5}}", "win_back.1.subject should be a text"),
        ("win_back: {1: {body: 'Hi {nmae}'}}", "{nmae}, which nothing fills there. Did you mean name?"),
        ("pause_ends: {message: 'Until {last_use}'}", "{last_use}, which nothing fills there"),
        ("offers: {temporary: {message: 'Hi {name}'}}", "{name}, which nothing fills there"),
        ("win_back: {1: {body: 'Hi {name'}}", "a brace of win_back.1.body is open"),
        ("win_back: soon", "win_back should hold lines of the form"),
    ],
)
def test_faults_are_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as fault:
        read_messages(own(tmp_path, text))
    assert said in str(fault.value)


def test_what_is_known_is_filled_in_and_never_read_again() -> None:
    """A name that looks like a placeholder stays a name."""
    assert filled("Hello {name},", {"name": "{business}"}) == "Hello {business},"
    assert filled("Hello {name},\nyour {plan}.", {"name": "", "plan": ""}) == "Hello,"


@pytest.mark.parametrize("name", ["name", "business", "plan", "last_use", "used_most", "days"])
def test_what_the_documents_promise_to_fill_may_stand_in_a_campaign(tmp_path: Path, name: str) -> None:
    found = read_messages(own(tmp_path, f"silent: {{1: {{body: 'A {{{name}}}.'}}}}"))
    assert found["silent"]["1"]["body"] == f"A {{{name}}}."
    assert name in (Path(__file__).parents[2] / "docs" / "win_back.md").read_text(encoding="utf-8")


def test_the_offer_answers_the_reason(tmp_path: Path) -> None:
    """By the one list of reasons, whatever the source calls it; else a question."""
    assert "smaller plan" in offer_for(tmp_path, {}, "Too expensive!")["offer"]
    assert "pause" in offer_for(tmp_path, {"gone fishing": "temporary"}, "gone fishing")["offer"]
    assert (
        offer_for(tmp_path, {}, None)
        == offer_for(tmp_path, {}, "xyz")
        == our_messages()["offers"]["otherwise"]
    )
