"""Businesses with a known truth, made by the hundred: for the tests and simulations of the warnings.

All of them lie in one data folder, told apart by the customer's prefix, so that the whole of it goes through
the engine once. Each begins with some customers and gains some every month, over 24 months; early customers
leave more often than later ones, and every warning has something to be made of.

- `nothing`: nothing at all has to do with leaving, not even age.
- `noise`: nothing but age has.
- `silence`: the same, but who asks stays until the paid month ends, and use ends with the request.
- `fade`: as noise, but most of those who leave later use it at a tenth, from FADE_DAYS days before they ask.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from retention_helpers.business import Business, open_business

FIRST_DAY = dt.date(2024, 11, 1)
DAYS = 730
MONTH = "2026-10"
FOUNDERS, NEWCOMERS = 200, 20  # of each business; newcomers a month
HAZARD = ((0, 0.006), (60, 0.0012))  # a day, from so many days since sign-up
FLAT = 0.0015  # a day, of the kind `nothing`
FADE_DAYS, FADE_USE, FADING = 45, 0.1, 0.6
KINDS = ("nothing", "noise", "silence", "fade")


def _days(numbers: np.ndarray) -> pd.Series:
    return pd.Series(pd.Timestamp(FIRST_DAY) + pd.to_timedelta(numbers, unit="D"))


def people(kind: str, businesses: int, rng: np.random.Generator) -> pd.DataFrame:
    """A row a customer: when they sign up, ask (-1: never) and fade, when service ends, how keen they are."""
    each = FOUNDERS + 24 * NEWCOMERS
    signed = np.concatenate([np.zeros(FOUNDERS), np.repeat(np.arange(24) * 30.4, NEWCOMERS)])
    size = businesses * each
    start = np.tile(signed, businesses) + np.where(
        np.tile(signed, businesses) > 0, rng.uniform(0, 30, size), 0
    )
    start = np.minimum(start, DAYS - 1).astype(int)
    # Waiting times with a hazard that falls once: the excess over the first stage is stretched.
    wait = rng.exponential(1, size)
    first, later = (FLAT, FLAT) if kind == "nothing" else (HAZARD[0][1], HAZARD[1][1])
    early = HAZARD[1][0] * first
    stay = np.where(wait < early, wait / first, HAZARD[1][0] + (wait - early) / later)
    frame = pd.DataFrame(
        {
            "customer_id": [f"B{n // each:03}-{n % each:04}" for n in range(size)],
            "start": start,
            "asks": start + 1 + stay.astype(int),
            "keenness": np.clip(rng.beta(2, 3, size), 0.08, 0.95),
        }
    )
    frame.loc[frame["asks"] >= DAYS, "asks"] = -1
    paid = frame["start"] + (np.ceil((frame["asks"] - frame["start"] + 1) / 30) * 30).astype(int)
    frame["ends"] = np.where(frame["asks"] < 0, DAYS + 999, paid)
    late = (frame["asks"] >= frame["start"] + 110) & (rng.random(size) < FADING)
    frame["fades"] = np.where(late & (kind == "fade"), frame["asks"] - FADE_DAYS, DAYS + 999)
    return frame


def _use(kind: str, frame: pd.DataFrame, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    """Days of use, some customers at a time; now and then a pause of use that means nothing."""
    day = np.arange(DAYS)
    for place in range(0, len(frame), 4000):
        part = frame.iloc[place : place + 4000]
        chance = np.repeat(part["keenness"].to_numpy()[:, None], DAYS, axis=1)
        holiday = rng.integers(0, DAYS, len(part))[:, None]
        chance = np.where((day >= holiday) & (day < holiday + 30), chance * 0.2, chance)
        chance = np.where(day >= part["fades"].to_numpy()[:, None], chance * FADE_USE, chance)
        if kind == "silence":
            asks = np.where(part["asks"] < 0, DAYS + 999, part["asks"])[:, None]
            chance = np.where(day >= asks, 0.0, chance)
        there = (day >= part["start"].to_numpy()[:, None]) & (day < part["ends"].to_numpy()[:, None])
        who, when = np.nonzero((rng.random(chance.shape) < chance) & there)
        many = 1 + rng.poisson(2, len(who))
        repeated = np.repeat(np.arange(len(who)), many)
        ids = part["customer_id"].to_numpy()
        yield pd.DataFrame(
            {"customer_id": ids[who[repeated]], "occurred_at": when[repeated], "event": "login"}
        )


def _now_and_then(frame: pd.DataFrame, every: float, rng: np.random.Generator) -> pd.DataFrame:
    """Something that happens to customers by chance, every so many days."""
    long = np.minimum(frame["ends"], DAYS) - frame["start"]
    many = rng.poisson(long / every)
    rows = frame.loc[frame.index.repeat(many)]
    spread = np.minimum(rows["ends"], DAYS) - rows["start"]
    day = (rows["start"] + rng.random(len(rows)) * spread).astype(int)
    return pd.DataFrame({"customer_id": rows["customer_id"].to_numpy(), "day": day.to_numpy()})


def _tables(kind: str, frame: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    asked = frame[frame["asks"] >= 0]
    onboarded = frame[rng.random(len(frame)) < 0.5]
    use = pd.concat([*_use(kind, frame, rng)], ignore_index=True)
    done = pd.DataFrame(
        {
            "customer_id": onboarded["customer_id"],
            "occurred_at": np.minimum(onboarded["start"] + rng.integers(0, 7, len(onboarded)), DAYS - 1),
            "event": "onboarding_completed",
        }
    )
    events = pd.concat([use, done], ignore_index=True)
    tickets, failures = _now_and_then(frame, 120, rng), _now_and_then(frame, 200, rng)
    mails, answers = _now_and_then(frame, 20, rng), _now_and_then(frame, 150, rng)
    mended = rng.random(len(failures)) < 0.5
    lazy = frame.set_index("customer_id")["keenness"].reindex(mails["customer_id"]).to_numpy()
    is_open = rng.random(len(mails)) < 0.2 + 0.6 * lazy
    falls = frame["start"] + rng.integers(0, DAYS, len(frame))
    has_fallen = (falls < frame["ends"]) & (falls < DAYS) & (rng.random(len(frame)) < 0.5)
    ends = frame["ends"].where(frame["ends"] < DAYS)
    first = pd.DataFrame(
        {"customer_id": frame["customer_id"], "started_at": frame["start"], "mrr": 49,
         "ended_at": np.where(has_fallen, falls, ends)}
    )  # fmt: skip
    second = pd.DataFrame(
        {"customer_id": frame["customer_id"], "started_at": falls, "mrr": 29, "ended_at": ends}
    )[has_fallen.to_numpy()]
    spans = pd.concat([first, second], ignore_index=True)
    return {
        "customers": frame[["customer_id"]].assign(signed_up_at=_days(frame["start"]).to_numpy()),
        "subscriptions": spans.assign(
            started_at=_days(spans["started_at"]), ended_at=_days(spans["ended_at"]), plan="team"
        ),
        "events": events.assign(occurred_at=_days(events["occurred_at"])),
        "cancellations": pd.DataFrame(
            {"customer_id": asked["customer_id"], "canceled_at": _days(asked["asks"].to_numpy()).to_numpy()}
        ),
        "tickets": tickets.assign(
            opened_at=_days(tickets["day"]),
            sentiment=np.where(rng.random(len(tickets)) < 0.5, "negative", "neutral"),
        ).drop(columns="day"),
        "payments": pd.concat(
            [
                pd.DataFrame(
                    {
                        "customer_id": rows["customer_id"],
                        "attempted_at": _days(rows["day"] + wait),
                        "status": status,
                    }
                )
                for rows, wait, status in (
                    (failures.reset_index(drop=True), 0, "failed"),
                    (failures[mended].reset_index(drop=True), 5, "succeeded"),
                )
            ]
        ),
        "emails": mails.assign(
            sent_at=_days(mails["day"]), opened_at=_days(mails["day"] + 1).where(is_open)
        ).drop(columns="day"),
        "nps": answers.assign(
            answered_at=_days(answers["day"]), score=rng.integers(3, 11, len(answers))
        ).drop(columns="day"),
    }


def write_planted(folder: Path, kind: str, *, businesses: int, seed: int) -> pd.DataFrame:
    """Write a data folder of so many businesses of a kind; returns their people with what is planted."""
    rng = np.random.default_rng(seed)
    frame = people(kind, businesses, rng)
    folder.mkdir(parents=True)
    for name, table in _tables(kind, frame, rng).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "retention.yml").write_text(yaml.safe_dump({"activity_events": ["login"]}), encoding="utf-8")
    return frame


@contextmanager
def planted(home: Path, kind: str, *, businesses: int, seed: int) -> Iterator[tuple[Business, pd.DataFrame]]:
    """Such a folder, opened at its last month, with its people."""
    frame = write_planted(home / kind, kind, businesses=businesses, seed=seed)
    business = open_business(home / kind, MONTH, cache=home / "cache")
    try:
        yield business, frame
    finally:
        business.close()
