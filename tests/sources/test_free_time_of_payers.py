"""A new subscription on trial right after a paid one is a payer's free time, from every source.

first    5 Jan ==== 49 ====|  ends on 5 February
second                     |tttttttttt|==== 59 ====   a trial from 5 February to 5 March, then paid
other    5 Jan ==== 49 ====|                          leaves on 5 February, so that somebody does
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from stripe_objects import at, canceled, invoice, item, json_lines, line, price, subscription

from retention_helpers.business import open_business
from retention_helpers.contract.settings import Settings
from retention_helpers.measurement import measures
from retention_helpers.sources.importing import import_files

FIFTH = [f"2026-0{month}-05" for month in range(1, 6)]


def of_stripe(folder: Path) -> list[Path]:
    first, second = price(4900, name="pro"), price(5900, name="team")
    ended = canceled("1", FIFTH[1], items={"object": "list", "has_more": False, "data": [item(first)]})
    trial = {"trial_start": at(FIFTH[1]), "trial_end": at(FIFTH[2])}
    again = subscription("2", FIFTH[1], item(second), customer="cus_1", **trial)
    bills = [
        invoice("1", 1, FIFTH[0], line("1", FIFTH[0], FIFTH[1], 4900, of=first)),
        invoice("2", 1, FIFTH[1], line("2", FIFTH[1], FIFTH[2], 0, of=second)),
        invoice("2", 2, FIFTH[2], line("2", FIFTH[2], FIFTH[3], 5900, of=second)),
        invoice("other", 1, FIFTH[0], line("other", FIFTH[0], FIFTH[1], 4900, of=first)),
    ]
    other = canceled("other", FIFTH[1], items={"object": "list", "has_more": False, "data": [item(first)]})
    return [
        json_lines(folder / "subscriptions.jsonl", [ended, again, other]),
        json_lines(folder / "invoices.jsonl", bills),
    ]


def _time(nth: int) -> str:
    return f"{FIFTH[nth]}T00:00:00Z"


def of_paddle(folder: Path) -> list[Path]:
    cycle = {"interval": "month", "frequency": 1}

    def bought(name: str, who: str, cents: str, first: int, **more: object) -> dict[str, object]:
        own = {"id": f"pri_{cents}", "tax_mode": "external", "billing_cycle": cycle,
               "unit_price": {"amount": cents, "currency_code": "EUR"}}  # fmt: skip
        item = {"status": "active", "quantity": 1, "recurring": True, "price": own}
        return {"id": f"sub_{name}", "status": "active", "customer_id": f"ctm_{who}", "currency_code": "EUR",
                "started_at": _time(first), "first_billed_at": _time(first), "scheduled_change": None,
                "items": [item | {"trial_dates": more.pop("trial", None)}], **more}  # fmt: skip

    def billed(name: str, who: str, cents: str, nth: int) -> dict[str, object]:
        of = f"pri_{cents}"
        return {
            "id": f"txn_{name}{nth}", "status": "completed", "customer_id": f"ctm_{who}",
            "subscription_id": f"sub_{name}", "currency_code": "EUR", "origin": "subscription_recurring",
            "items": [{"price": {"id": of, "billing_cycle": cycle}, "quantity": 1}],
            "billing_period": {"starts_at": _time(nth), "ends_at": _time(nth + 1)},
            "details": {"line_items": [{"price_id": of, "quantity": 1, "totals": {"subtotal": cents}}]},
            "payments": [], "billed_at": _time(nth),
        }  # fmt: skip

    over = {"status": "canceled", "canceled_at": _time(1)}
    trial = {"starts_at": _time(1), "ends_at": _time(2)}
    again = bought("2", "1", "5900", 1, trial=trial) | {"first_billed_at": _time(2)}
    every = [
        bought("1", "1", "4900", 0, **over), again, bought("other", "other", "4900", 0, **over),
        billed("1", "1", "4900", 0), billed("2", "1", "5900", 2), billed("other", "other", "4900", 0),
    ]  # fmt: skip
    path = folder / "paddle.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in every), encoding="utf-8")
    return [path]


def of_a_sheet(folder: Path) -> list[Path]:
    path = folder / "subscriptions.csv"
    path.write_text(
        "customer_id,started_at,ended_at,mrr,status\n"
        "1,2026-01-05,2026-02-05,49,active\n1,2026-02-05,2026-03-05,,trialing\n1,2026-03-05,,59,active\n"
        "other,2026-01-05,2026-02-05,49,active\n",
        encoding="utf-8",
    )
    people = folder / "customers.csv"
    people.write_text("customer_id,signed_up_at\n1,2026-01-05\nother,2026-01-05\n", encoding="utf-8")
    return [path, people]


@pytest.mark.parametrize(
    ("source", "made"),
    [("stripe", of_stripe), ("paddle", of_paddle), ("spreadsheet", of_a_sheet)],
    ids=["stripe", "paddle", "spreadsheet"],
)
def test_a_trial_of_a_payers_new_subscription_is_no_loss(
    tmp_path: Path, source: str, made: Callable[[Path], list[Path]]
) -> None:
    import_files(source, made(tmp_path), tmp_path / "data", Settings())
    business = open_business(tmp_path / "data", "2026-03", cache=tmp_path / "cache")
    counts, mrr = measures.customer_movement(business), measures.mrr_movement(business)
    business.close()
    people = counts[["lost", "reactivated", "paused_at_end"]]
    assert people.values.tolist() == [[0, 0, 0], [1, 0, 1], [0, 0, 0]]
    moved = mrr[["new", "paused", "churned", "resumed", "mrr_at_end"]]
    assert moved.astype(float).values.tolist() == [[98, 0, 0, 0, 98], [0, 49, 49, 0, 0], [0, 0, 0, 59, 59]]
