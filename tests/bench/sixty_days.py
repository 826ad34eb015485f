"""Sixty days of a founder, day by day: part of `make bench`.

The sample's business from 1 September to 30 October 2026. Every workday its list is made and delivered (as a
file), in between the reports of the months; a script marks what was done, as an owner would, in plan.csv. All
of it is held against what has to be true: nobody is told the same twice, every touch of the plan comes up
once or is over, nobody is listed who needs it no more by the files of the data, each list and report goes out
once, an older list made anew is the same byte for byte, and the next review counts what was marked.
"""

import csv
import datetime as dt
import hashlib
import json
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from retention_helpers import today
from retention_helpers.delivery import editions, runs
from retention_helpers.delivery.post import post
from retention_helpers.gate import running_plan
from retention_helpers.gate.running_plan import HEADINGS
from retention_helpers.report.publishing import publish
from retention_helpers.shipped import SAMPLE
from retention_helpers.words import calendar

FIRST, LAST = dt.date(2026, 9, 1), dt.date(2026, 10, 30)
REPORTS = {dt.date(2026, 9, 1): "2026-08", dt.date(2026, 10, 1): "2026-09", dt.date(2026, 11, 2): "2026-10"}
EVERY = 3  # of three touches two are done
DONE, OUTCOME = HEADINGS["done_on"], HEADINGS["outcome"]
SERIES = "onboarding"
USE = ("login", "project_created", "report_exported", "comment_posted", "integration_connected")


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="sixty-days-"))
    try:
        _walk(home)
    finally:
        shutil.rmtree(home)


def _walk(home: Path) -> None:
    data, out = home / "data", home / "out"
    shutil.copytree(SAMPLE, data)
    with (data / "retention.yml").open("a", encoding="utf-8") as settings:
        settings.write("deliver: {to: founder@example.com, eml: outbox}\n")
    marked: Counter[str] = Counter()
    first, seconds = {}, []
    day = FIRST
    while day <= LAST:
        if month := REPORTS.get(day):
            _report(data, out, month)
        if day.weekday() < 5:
            begun = time.perf_counter()
            made = today.make(data, out, day)
            seconds.append(time.perf_counter() - begun)
            runs.note_made(out, editions.list_of(day), made.mark, made.files)
            _deliver(data, out, editions.list_of(day))
            first[day] = _digest(made.folder)
            marked += _mark(out, day)
        day += dt.timedelta(days=1)
    review = _report(data, out, "2026-10")
    lists = _lists(out)
    _check_lists(lists)
    _check_needed(data, lists)
    _check_plan(out, lists)
    _check_deliveries(data, out, len(first) + len(REPORTS))
    _check_again(data, out, first)
    _check_review(data, out, review, marked)
    rows = sum(len(rows) for rows in lists.values())
    print(
        f"{len(first)} lists with {rows} rows, {sum(marked.values())} marked as done, {len(REPORTS)} "
        "reports: all is as it has to be; a list took "
        f"{sorted(seconds)[len(seconds) // 2]:.1f} s in the median"
    )


def _report(data: Path, out: Path, month: str) -> Path:
    folder = publish(data, month, out)
    runs.note_report(folder)
    _deliver(data, out, editions.report(month))
    return folder


def _deliver(data: Path, out: Path, what: editions.Edition) -> None:
    """Twice, as a hasty founder would; the second one does nothing."""
    for is_new in (True, False):
        (standing,) = post(data, out).deliver(what)
        assert (standing.state, standing.is_new) == ("sent", is_new), standing


def _mark(out: Path, day: dt.date) -> Counter[str]:
    """Write into plan.csv what was done of the day's list; returns how many, by action."""
    record = json.loads((out / "today" / str(day) / ".list.json").read_text(encoding="utf-8"))
    listed = {who: action for who, action in record["rows"]}
    path = out / running_plan.CSV
    if not path.exists() or not listed:
        return Counter()
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    who_at, due_at, done_at, outcome_at = (
        header.index(name) for name in (HEADINGS["customer_id"], HEADINGS["due_on"], DONE, OUTCOME)
    )
    marked: Counter[str] = Counter()
    for row in rows:
        chosen = int(hashlib.sha256(row[who_at].encode()).hexdigest(), 16) % EVERY
        if row[who_at] in listed and chosen and not row[done_at] and row[due_at] <= str(day):
            row[done_at], row[outcome_at] = str(day), "spoke to them"
            marked[listed.pop(row[who_at])] += 1
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return marked


def _digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _lists(out: Path) -> dict[dt.date, list[tuple[str, str]]]:
    found = {}
    for path in sorted((out / "today").glob("*/.list.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        found[dt.date.fromisoformat(path.parent.name)] = [(who, action) for who, action in rows]
    return found


def _check_lists(lists: dict[dt.date, list[tuple[str, str]]]) -> None:
    """One customer, one touch: once a list, and for the same not again within 30 days.

    But by a new month's plan, where nothing was done; and a series, and answers to what happened anew.
    """
    for day, rows in lists.items():
        twice = [who for who, many in Counter(who for who, _ in rows).items() if many > 1]
        assert not twice, (day, twice)
    last: dict[tuple[str, str], dt.date] = {}
    for day, rows in lists.items():
        for row in rows:
            before = last.get(row)
            is_planned_anew = before is not None and any(before < on <= day for on in REPORTS)
            is_soon = before is not None and (day - before).days < 30 and not is_planned_anew
            assert not is_soon or row[1] in (SERIES, "recover_payment", "keep"), (day, before, row)
            last[row] = day


def _check_plan(out: Path, lists: dict[dt.date, list[tuple[str, str]]]) -> None:
    """A touch of a month's plan that is due stood on a list, or says in *Since then* why it did not."""
    listed = Counter(row for rows in lists.values() for row in set(rows))
    planned = [
        row
        for row in running_plan.read(out).rows
        if row.month in ("2026-08", "2026-09") and not row.is_of_list
    ]
    due = [row for row in planned if row.cells["due_on"] <= str(LAST)]
    lost = [
        (row.customer, row.kind, row.cells["due_on"])
        for row in due
        if not listed[row.customer, row.kind] and not row.cells.get(running_plan.SINCE_THEN)
    ]
    assert due and not lost, lost


def _check_needed(data: Path, lists: dict[dt.date, list[tuple[str, str]]]) -> None:
    """What the files say up to the end of the list's day: read here by themselves, without the engine.

    Nobody who pays is told of a trial or won back; nobody of a pause who is not paused; of silence nobody
    who was there, or bought, in that month up to the day; of a failed payment nobody who has paid since.
    """
    spans, payments, asked = (_rows(data, name) for name in ("subscriptions", "payments", "cancellations"))
    uses, orders = _days(data, "events", "occurred_at"), _days(data, "orders", "ordered_at")
    wrong = []
    for day, rows in lists.items():
        begun = str(day.replace(day=1))
        for who, action in rows:
            now = {
                one["status"] for one in spans.get(who, ()) if one["started_at"][:10] <= str(day)
                and (not one["ended_at"] or one["ended_at"][:10] > str(day))
            }  # fmt: skip
            tried = sorted(
                (one["attempted_at"], one["status"])
                for one in payments.get(who, ()) if one["attempted_at"][:10] <= str(day)
            )  # fmt: skip
            is_wrong = {
                "trial": bool(now - {"trialing"}),
                "win_back": bool(now - {"trialing"}),
                "pause": "paused" not in now,
                "silent": any(begun <= on <= str(day) for on in uses.get(who, ())),
                "buyer": any(begun <= on <= str(day) for on in orders.get(who, ())),
                "recover_payment": "past_due" not in now and (not tried or tried[-1][1] == "succeeded"),
                "keep": not any(one["canceled_at"][:10] <= str(day) for one in asked.get(who, ())),
            }
            wrong += [(str(day), who, action)] * is_wrong.get(action, False)
    assert not wrong, wrong


def _rows(data: Path, name: str) -> dict[str, list[dict[str, str]]]:
    """The rows of a file, by customer."""
    found: dict[str, list[dict[str, str]]] = {}
    with (data / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["customer_id"], []).append(row)
    return found


def _days(data: Path, name: str, clock: str) -> dict[str, set[str]]:
    """The days of a file's rows, by customer; of events those of use."""
    path = next(data.glob(f"{name}.csv*"))
    rows = pd.read_csv(path, dtype=str)
    own = rows[rows["event"].isin(USE)] if "event" in rows else rows
    return {str(who): set(days) for who, days in own[clock].str[:10].groupby(own["customer_id"])}


def _check_deliveries(data: Path, out: Path, editions_made: int) -> None:
    assert len(list((out / "outbox").iterdir())) == editions_made
    assert post(data, out).matters() == []


def _check_again(data: Path, out: Path, first: dict[dt.date, dict[str, str]]) -> None:
    """Lists of before, made anew after all others and after they were marked."""
    for day in (FIRST, dt.date(2026, 9, 16), dt.date(2026, 10, 1), LAST):
        before = [path.name for path in out.glob("2026-*")]
        folder = today.make(data, out, day).folder
        assert _digest(folder) == first[day], (day, before)


def _check_review(data: Path, out: Path, report: Path, marked: Counter[str]) -> None:
    """What was marked is what the next review counts: as contacts, and of every plan as done.

    Beside the contacts that the data hold themselves.
    """
    findings = json.loads((report / "findings.json").read_text(encoding="utf-8"))
    brought = [one["rows_read"] for one in findings["quality"]["sources"] if one["file"] == running_plan.XLSX]
    assert brought == [sum(marked.values())], (brought, marked)
    done = [
        (row.customer, row.kind, row.cells["done_on"])
        for row in running_plan.read(out).rows
        if row.cells.get("done_on")
    ]
    with (data / "contacts.csv").open(encoding="utf-8", newline="") as file:
        done += [
            (row["customer_id"], row["kind"], row["contacted_at"][:10])
            for row in csv.DictReader(file)
            if row["contacted_at"] < "2026-11-01"
        ]
    told = findings["became_of_actions"]
    assert told
    for row in told:
        month = str(row["month"])[:7]
        earlier = json.loads((out / month / "findings.json").read_text(encoding="utf-8"))
        own = {one["customer_id"] for one in earlier["plan"] if one["action"] == row["action"]}
        begun = str(calendar.months_after(calendar.first_of(month), 1))
        right = {who for who, kind, on in done if who in own and kind == row["action"] and on >= begun}
        assert (row["planned"], row["done"]) == (len(own), len(right)), (row, len(right))


if __name__ == "__main__":
    main()
