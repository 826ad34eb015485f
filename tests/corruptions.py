"""A good folder, and everything that goes wrong with one: by class, each with the rule that names it.

A corruption changes the texts of the files in place, at rows that chance picks. Where no rule can notice it,
`rules` is empty; these classes are listed in docs/data_quality.md.
"""

import datetime as dt
import gzip
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Files = dict[str, str | bytes]
Change = Callable[[Files, random.Random], None]
START = dt.date(2024, 1, 3)
EXPERIMENTS = """call:
  hypothesis: it helps
  started_on: 2024-01-01
  randomised: true
  arms: {control: 0.5, call: 0.5}
  outcome: {kind: retained, days: 30}
"""


def good_folder() -> Files:
    """114 customers of two years, of whom a third left, with every table that has rules of its own."""
    customers, spans, events = ["customer_id,signed_up_at,industry"], [], []
    asked, paid, answers, assigned = [], [], [], []
    for number in range(114):
        who, begin = f"C-{number:03}", START + dt.timedelta(days=6 * number)
        end = begin + dt.timedelta(days=90 + 31 * number % 311)
        is_gone = number % 3 == 0 and end < dt.date(2025, 10, 1)
        last = end if is_gone else dt.date(2025, 11, 12)
        customers.append(f"{who},{begin},{('law', 'Büro')[number % 2]}")
        price, plan = ((49, "solo"), (59, "team"))[number % 2]
        spans.append(f"{who},{begin},{end if is_gone else ''},{price},{plan},active,EUR,S-{number}")
        if is_gone:
            asked.append(f"{who},{end - dt.timedelta(days=9)},too_expensive,voluntary")
        day = begin
        while day <= last:
            events.append(f"{who},{day}T10:{number % 60:02}:00,login")
            if (day - begin).days % 30 == 0:
                paid.append(f"{who},{day},succeeded,{price}")
            day += dt.timedelta(days=5)
        answers.append(f"{who},{min(last, begin + dt.timedelta(days=45))},{number % 11}")
        assigned.append(f"call,{who},{('control', 'call')[number % 2]},{begin}")
    tables = {
        "customers": customers,
        "subscriptions": ["customer_id,started_at,ended_at,mrr,plan,status,currency,subscription_id", *spans],
        "events": ["customer_id,occurred_at,event", *events],
        "cancellations": ["customer_id,canceled_at,reason,kind", *asked],
        "payments": ["customer_id,attempted_at,status,amount", *paid],
        "nps": ["customer_id,answered_at,score", *answers],
        "assignments": ["experiment,customer_id,arm,assigned_at", *assigned],
    }
    files: Files = {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in tables.items()}
    return files | {
        "experiments.yml": EXPERIMENTS,
        "retention.yml": "business: Harbour Desk\ntime_zone: Europe/Berlin\n",
    }


def write(files: Mapping[str, str | bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@dataclass(frozen=True)
class Corruption:
    """One class: what is done, and the rules of which at least one must name it; none: nothing can."""

    name: str
    change: Change
    rules: tuple[str, ...] = ()


# --- means -----------------------------------------------------------------------------------------


def _lines(files: Files, table: str) -> list[str]:
    return str(files[f"{table}.csv"]).splitlines()


def _put(files: Files, table: str, lines: list[str]) -> None:
    files[f"{table}.csv"] = "\n".join(lines) + "\n"


def _cell(table: str, column: str, new: Callable[[str, random.Random], str], *, rows: int = 1) -> Change:
    """Change so many filled cells of a column."""

    def change(files: Files, chance: random.Random) -> None:
        lines = _lines(files, table)
        at = lines[0].split(",").index(column)
        filled = [nth for nth in range(1, len(lines)) if lines[nth].split(",")[at]]
        for nth in chance.sample(filled, min(rows, len(filled))):
            cells = lines[nth].split(",")
            cells[at] = new(cells[at], chance)
            lines[nth] = ",".join(cells)
        _put(files, table, lines)

    return change


def _all_cells(table: str, column: str, new: Callable[[str, random.Random], str]) -> Change:
    return _cell(table, column, new, rows=10**9)


def _header(table: str, **names: str) -> Change:
    """Rename columns, or swap them: `_header("subscriptions", plan="mrr", mrr="plan")`."""

    def change(files: Files, chance: random.Random) -> None:
        lines = _lines(files, table)
        lines[0] = ",".join(names.get(name, name) for name in lines[0].split(","))
        _put(files, table, lines)

    return change


def _rewrite(table: str, new: Callable[[list[str], random.Random], list[str]]) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        _put(files, table, new(_lines(files, table), chance))

    return change


def _content(table: str, new: Callable[[str, random.Random], str | bytes]) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        files[f"{table}.csv"] = new(str(files[f"{table}.csv"]), chance)

    return change


def _settings(text: str) -> Change:
    def change(files: Files, chance: random.Random) -> None:
        files["retention.yml"] = text

    return change


def _word(words: str) -> Callable[[str, random.Random], str]:
    return lambda _, chance: chance.choice(words.split("|"))


def _day(form: str) -> Callable[[str, random.Random], str]:
    """The day of a cell in another form of writing."""
    return lambda cell, _: dt.date.fromisoformat(cell[:10]).strftime(form)


def _serial(cell: str, _: random.Random) -> str:
    return str((dt.date.fromisoformat(cell[:10]) - dt.date(1899, 12, 30)).days)


def _swapped(lines: list[str], chance: random.Random) -> list[str]:
    """One start whose day may be a month, with the two exchanged."""
    possible = [n for n, line in enumerate(lines) if n and line[13:15] <= "12" and line[13:15] != line[10:12]]
    nth = chance.choice(possible)
    customer, start, rest = lines[nth].split(",", 2)
    lines[nth] = f"{customer},{start[:4]}-{start[8:]}-{start[5:7]},{rest}"
    return lines


def _twice(lines: list[str], chance: random.Random) -> list[str]:
    nth = chance.randrange(1, len(lines))
    return [*lines[: nth + 1], lines[nth], *lines[nth + 1 :]]


def _twice_and_other(lines: list[str], chance: random.Random) -> list[str]:
    return [*lines, re.sub(",[^,]*$", ",other", chance.choice(lines[1:]))]


def _cut_within_a_line(text: str, chance: random.Random) -> str:
    """Cut off within a line, before its last delimiter."""
    lines = text.splitlines(keepends=True)
    nth = chance.randrange(2, len(lines))
    return "".join(lines[:nth]) + lines[nth][: lines[nth].rindex(",")]


def _cut_at_a_line(share: float) -> Callable[[list[str], random.Random], list[str]]:
    return lambda lines, _: lines[: 1 + int(share * (len(lines) - 1))]


def _torn(text: str, chance: random.Random) -> bytes:
    packed = gzip.compress(text.encode())
    return packed[: chance.randrange(40, len(packed) - 9)]


def _without_ends(files: Files, chance: random.Random) -> None:
    """Those who left are not in the export at all."""
    lines = _lines(files, "subscriptions")
    kept = [line for line in lines[1:] if not line.split(",")[2]]
    still = {line.split(",")[0] for line in kept}
    _put(files, "subscriptions", [lines[0], *kept])
    people = _lines(files, "customers")
    _put(files, "customers", [people[0], *(line for line in people[1:] if line.split(",")[0] in still)])
    for table in ("events", "payments", "nps", "assignments"):
        at = 1 if table == "assignments" else 0
        rows = _lines(files, table)
        _put(files, table, [rows[0], *(line for line in rows[1:] if line.split(",")[at] in still)])
    files.pop("cancellations.csv")


def _moved(lines: list[str], chance: random.Random) -> list[str]:
    """Everybody ends on one day and begins again some days later."""
    day = START + dt.timedelta(days=chance.randrange(380, 430))
    back = day + dt.timedelta(days=chance.randrange(5, 20))
    found, again = [lines[0]], []
    for line in lines[1:]:
        cells = line.split(",")
        if cells[1] < str(day) and (not cells[2] or cells[2] > str(back)):
            again.append(",".join([cells[0], str(back), cells[2], *cells[3:-1], f"{cells[-1]}b"]))
            cells[2] = str(day)
        found.append(",".join(cells))
    return found + again


def _two_exports(lines: list[str], chance: random.Random) -> list[str]:
    """An export from before somebody left below the one from after: the same id, with an end and without."""
    gone = [line for line in lines[1:] if line.split(",")[2]]
    cells = chance.choice(gone).split(",")
    cells[2] = ""
    return [*lines, ",".join(cells)]


def _without_days(first: str, last: str) -> Callable[[list[str], random.Random], list[str]]:
    def keep(lines: list[str], _: random.Random) -> list[str]:
        return [line for line in lines if not first <= line.split(",")[1][:10] <= last or line == lines[0]]

    return keep


def _test_accounts(files: Files, chance: random.Random) -> None:
    lines = _lines(files, "customers")
    picked = set(chance.sample(range(1, len(lines)), 3))
    named = [f"{line},{'qa test' if nth in picked else 'Ada'}" for nth, line in enumerate(lines)]
    named[0] = f"{lines[0]},full_name"
    _put(files, "customers", named)


def _leak(files: Files, chance: random.Random) -> None:
    gone = {line.split(",")[0] for line in _lines(files, "subscriptions")[1:] if line.split(",")[2]}
    lines = _lines(files, "customers")
    told = [f"{line},{'low' if line.split(',')[0] in gone else 'high'}" for line in lines]
    _put(files, "customers", [f"{lines[0]},engagement", *told[1:]])


def _second_file(files: Files, chance: random.Random) -> None:
    files["subscriptions.csv.gz"] = gzip.compress(str(files["subscriptions.csv"]).encode())


def _two_arms(lines: list[str], chance: random.Random) -> list[str]:
    cells = lines[chance.randrange(1, len(lines))].split(",")
    cells[2] = "call" if cells[2] == "control" else "control"
    return [*lines, ",".join(cells)]


def _later(days: int) -> Callable[[str, random.Random], str]:
    return lambda cell, _: (dt.date.fromisoformat(cell[:10]) + dt.timedelta(days=days)).isoformat()


def _exchanged_ids(lines: list[str], chance: random.Random) -> list[str]:
    one, two = chance.sample(range(1, len(lines)), 2)
    first, second = lines[one].split(",", 1), lines[two].split(",", 1)
    lines[one], lines[two] = f"{second[0]},{first[1]}", f"{first[0]},{second[1]}"
    return lines


def _without_rows(count: int) -> Callable[[list[str], random.Random], list[str]]:
    def drop(lines: list[str], chance: random.Random) -> list[str]:
        away = set(chance.sample(range(1, len(lines)), count))
        return [line for nth, line in enumerate(lines) if nth not in away]

    return drop


# --- the classes -----------------------------------------------------------------------------------

UNREADABLE = ("unreadable file",)
STARTED, MRR = ("started_at unreadable",), ("mrr unreadable",)

CORRUPTIONS = (
    # types
    Corruption("a word for an amount", _cell("subscriptions", "mrr", _word("free|n/a|-|NaN|1e3|x")), MRR),
    Corruption("two decimal commas", _cell("subscriptions", "mrr", lambda c, _: f'"{c},50,0"'), MRR),
    Corruption("signs between thousands", _cell("subscriptions", "mrr", lambda c, _: f'"1,00{c}.00"'), MRR),
    Corruption(
        "a sign of currency",
        _cell("subscriptions", "mrr", lambda c, _: f"£{c}"),
        ("several currencies", "amount contradicted"),
    ),
    Corruption("a negative amount", _cell("subscriptions", "mrr", lambda c, _: f"-{c}"), ("mrr negative",)),
    Corruption("no amount", _cell("subscriptions", "mrr", lambda *_: ""), ("mrr empty",)),
    Corruption(
        "all amounts in cents", _all_cells("subscriptions", "mrr", lambda c, _: f"{c}00"), ("minor units",)
    ),
    Corruption("a word for a day", _cell("subscriptions", "started_at", _word("soon|today|n/a|?")), STARTED),
    Corruption("days as in Germany", _all_cells("subscriptions", "started_at", _day("%d.%m.%Y")), STARTED),
    Corruption("days as in America", _all_cells("subscriptions", "started_at", _day("%m/%d/%Y")), STARTED),
    Corruption("days without signs", _cell("subscriptions", "started_at", _day("%Y%m%d")), STARTED),
    Corruption("days as numbers", _all_cells("subscriptions", "started_at", _serial), STARTED),
    Corruption("seconds since 1970", _cell("subscriptions", "started_at", _word("1741132800")), STARTED),
    Corruption("a day that never was", _cell("subscriptions", "started_at", _word("2025-02-31")), STARTED),
    Corruption("no start", _cell("subscriptions", "started_at", lambda *_: ""), ("started_at empty",)),
    Corruption("no customer", _cell("events", "customer_id", lambda *_: ""), ("customer_id empty",)),
    Corruption("a score of eleven", _cell("nps", "score", _word("11|-1|9.5|100")), ("score unreadable",)),
    Corruption(
        "a status of their own",
        _cell("subscriptions", "status", _word("live|pending|aktiv")),
        ("status unreadable",),
    ),
    Corruption(
        "canceled as a status",
        _cell("subscriptions", "status", _word("canceled|expired")),
        ("status unreadable",),
    ),
    Corruption(
        "a currency without a rate",
        _cell("subscriptions", "currency", _word("USD|GBP")),
        ("several currencies", "currency without a rate"),
    ),
    # encodings and forms
    Corruption(
        "letters of Windows", _content("customers", lambda t, _: t.encode("cp1252")), ("letters assumed",)
    ),
    Corruption(
        "compressed and called CSV", _content("events", lambda t, _: gzip.compress(t.encode())), UNREADABLE
    ),
    Corruption(
        "zero bytes", _content("customers", lambda t, _: t.encode().replace(b"c", b"\0", 1)), UNREADABLE
    ),
    Corruption(
        "a quotation mark left open", _cell("customers", "industry", lambda c, _: f'"{c}'), UNREADABLE
    ),
    Corruption("a cell too many", _cell("subscriptions", "plan", lambda c, _: f"{c},x"), UNREADABLE),
    Corruption(
        "a web page",
        _content("subscriptions", lambda *_: "<!DOCTYPE html>\n<p>Please log in</p>\n"),
        UNREADABLE,
    ),
    Corruption(
        "a title above the header",
        _rewrite("customers", lambda lines, _: ["My customers", *lines]),
        UNREADABLE,
    ),
    # truncation
    Corruption("cut off within a line", _content("subscriptions", _cut_within_a_line), UNREADABLE),
    Corruption("compressed and torn", _content("events", _torn), UNREADABLE),
    Corruption("nothing in it", _content("customers", lambda *_: ""), UNREADABLE),
    Corruption("no header", _rewrite("subscriptions", lambda lines, _: lines[1:]), UNREADABLE),
    Corruption("the header alone", _rewrite("subscriptions", lambda lines, _: lines[:1]), ("no rows",)),
    Corruption("half of the customers", _rewrite("customers", _cut_at_a_line(0.5)), ("unknown customer",)),
    Corruption(
        "half of the subscriptions",
        _rewrite("subscriptions", _cut_at_a_line(0.5)),
        ("no subscription", "stale table"),
    ),
    Corruption(
        "events of the first year alone",
        _rewrite("events", _without_days("2025-01-01", "2026-12-31")),
        ("stale table",),
    ),
    Corruption(
        "a month of events missing", _rewrite("events", _without_days("2025-03-01", "2025-03-31")), ("hole",)
    ),
    Corruption("those who left are missing", _without_ends, ("active alone",)),
    # columns
    Corruption("a column renamed", _header("subscriptions", mrr="price"), UNREADABLE),
    Corruption("a column twice", _header("subscriptions", plan="mrr"), UNREADABLE),
    Corruption(
        "start and end swapped",
        _header("subscriptions", started_at="ended_at", ended_at="started_at"),
        ("end before start", "started_at empty"),
    ),
    Corruption("amount and plan swapped", _header("subscriptions", mrr="plan", plan="mrr"), MRR),
    Corruption(
        "customer and subscription swapped",
        _header("subscriptions", customer_id="subscription_id", subscription_id="customer_id"),
        ("ids that match nobody",),
    ),
    Corruption(
        "sign-up and industry swapped",
        _header("customers", signed_up_at="industry", industry="signed_up_at"),
        ("signed_up_at unreadable",),
    ),
    Corruption(
        "the last change as the sign-up",
        _all_cells("customers", "signed_up_at", _later(200)),
        ("sign-up after start",),
    ),
    # duplicates
    Corruption("a row twice", _rewrite("subscriptions", _twice), ("repeated row",)),
    Corruption("a customer twice", _rewrite("customers", _twice_and_other), ("customer twice",)),
    Corruption(
        "the file below itself",
        _rewrite("subscriptions", lambda lines, _: [*lines, *lines]),
        ("started_at unreadable", "mrr unreadable"),
    ),
    Corruption(
        "two exports below each other", _rewrite("subscriptions", _two_exports), ("overlapping spans",)
    ),
    Corruption("two files of one table", _second_file, ("two files",)),
    # time
    Corruption(
        "an offset that is none",
        _cell("events", "occurred_at", lambda c, _: f"{c}+25:00"),
        ("occurred_at unreadable",),
    ),
    Corruption(
        "a time zone in words",
        _cell("events", "occurred_at", lambda c, _: f"{c} CET"),
        ("occurred_at unreadable",),
    ),
    Corruption(
        "a year mistyped",
        _cell("subscriptions", "started_at", lambda c, _: f"2062{c[4:]}"),
        ("end before start", "stray days"),
    ),
    Corruption(
        "an end two years too early",
        _cell("subscriptions", "ended_at", lambda c, _: f"{int(c[:4]) - 2}{c[4:]}"),
        ("end before start",),
    ),
    Corruption("a move to another tool", _rewrite("subscriptions", _moved), ("ends on one day",)),
    Corruption(
        "day and month swapped everywhere",
        _all_cells("subscriptions", "started_at", lambda c, _: f"{c[:4]}-{c[8:10]}-{c[5:7]}"),
        STARTED,
    ),
    # who
    Corruption(
        "ids in small letters",
        _all_cells("subscriptions", "customer_id", lambda c, _: c.lower()),
        ("ids that match nobody",),
    ),
    Corruption(
        "an id that nobody has",
        _cell("subscriptions", "customer_id", lambda c, _: f"{c}9"),
        ("unknown customer",),
    ),
    Corruption(
        "addresses as ids",
        _all_cells("customers", "customer_id", lambda c, _: f"{c}@firm.de"),
        ("e-mail as id",),
    ),
    Corruption("accounts of one's own", _test_accounts, ("test accounts",)),
    Corruption("an attribute that knows who left", _leak, ("attributes that leak",)),
    Corruption(
        "asked to cancel, and no end",
        _all_cells("subscriptions", "ended_at", lambda *_: ""),
        ("active alone", "canceled without an end"),
    ),
    # experiments and settings
    Corruption(
        "an arm that no plan knows", _cell("assignments", "arm", lambda c, _: f"{c}s"), ("unknown arm",)
    ),
    Corruption("two arms", _rewrite("assignments", _two_arms), ("two arms",)),
    Corruption(
        "assigned before the sign-up",
        _cell("assignments", "assigned_at", _later(-30)),
        ("assigned before sign-up",),
    ),
    Corruption("a setting misspelt", _settings("time_zon: UTC\n"), ("settings",)),
    Corruption("settings that are no YAML", _settings("a: [1\nb: }"), ("settings",)),
    # what no rule can notice: a possible value in a possible place
    Corruption("3 May for 5 March", _rewrite("subscriptions", _swapped)),
    Corruption("another price", _cell("subscriptions", "mrr", lambda c, _: "59" if c == "49" else "49")),
    Corruption(
        "hours of another zone", _all_cells("events", "occurred_at", lambda c, _: f"{c[:11]}08{c[13:]}")
    ),
    Corruption("two customers exchanged", _rewrite("customers", _exchanged_ids)),
    Corruption("a few rows lost at a line's end", _rewrite("events", _without_rows(20))),
    Corruption("a few subscriptions lost", _rewrite("subscriptions", _without_rows(3))),
    Corruption("a request to cancel lost", _rewrite("cancellations", _without_rows(1))),
    Corruption("an end a week late", _cell("subscriptions", "ended_at", _later(7))),
)
