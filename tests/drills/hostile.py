"""Payloads in every field that a customer, or an owner, can fill: report, lists, plan, mails, messages.

Nothing of them may become an element, an address, a formula, a header, a mention, or an escape sequence. At
the end the data are broken where a payload stands: what is said of that, and to whom, is looked at, too.
"""

import csv
import email
import email.policy
import io
import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from blind import every_table
from corruptions import write
from servers import Hook, web_server

HOME = Path(__file__).resolve().parents[2]
MARK = "zqx"  # in every payload, so that what comes of it is found
PAYLOADS = (
    f"<script>{MARK}</script>",
    f'"><img src={MARK} onerror={MARK}>',
    f"' onmouseover='{MARK}",
    f"[{MARK}](javascript:{MARK})",
    f"![{MARK}](http://{MARK}.example/)",
    f"=HYPERLINK({MARK})",
    f"@SUM({MARK})",
    f"{{{{ {MARK} }}}} {{% raw %}}",
    f"$x_1^{{{MARK}}}$ \\frac{{1}}",
    f"\u202e{MARK}\x1b[2J",
    f"{MARK}%0d%0aBcc: {MARK}@example.com",
)
FILLED = {"customer_id", "industry", "plan", "event", "reason", "campaign", "text", "note", "subscription_id",
          "order_id", "outcome", "channel", "experiment", "arm"}  # fmt: skip


def spoilt(text: str) -> str:
    """A table with a payload behind, or instead of, every text; an id keeps the same one everywhere."""
    rows = list(csv.reader(io.StringIO(text)))
    header, into = rows[0], io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(header)
    for row in rows[1:]:
        writer.writerow(
            [
                payload_of(cell) if name in FILLED and cell else cell
                for name, cell in zip(header, row, strict=True)
            ]
        )
    return into.getvalue()


def payload_of(cell: str) -> str:
    return f"{PAYLOADS[sum(cell.encode()) % len(PAYLOADS)]}{cell}"


def folder(home: Path) -> Path:
    files = {name: spoilt(str(one)) if name.endswith(".csv") else one for name, one in every_table().items()}
    people = str(files["customers.csv"]).splitlines()
    files["customers.csv"] = "\n".join(
        [
            f"{people[0]},name,email",
            *(f'{line},"Ada {MARK} <b>",ada{n}@example.com' for n, line in enumerate(people[1:])),
        ]
    )
    arms = {payload_of(arm): 0.5 for arm in ("control", "call")}
    plan = yaml.safe_load(str(files["experiments.yml"]))["call"]
    files["experiments.yml"] = yaml.safe_dump(
        {payload_of("call"): plan | {"hypothesis": PAYLOADS[0], "arms": arms}}, sort_keys=False
    )
    settings = {
        "business": f"{PAYLOADS[0]} {PAYLOADS[3]} {PAYLOADS[4]} <!channel> @everyone",
        "time_zone": "Europe/Berlin",
        "deliver": {"to": "me@example.org", "eml": "outbox", "webhook": True},
    }
    files["retention.yml"] = yaml.safe_dump(settings)
    return write(files, home / "data")


class Elements(HTMLParser):
    """What of a page is more than text and holds the mark."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            is_address = name in ("src", "href", "action", "srcset") and not (value or "").startswith(
                "data:image/svg+xml,"
            )
            if MARK in name or (
                MARK in (value or "") and (name.startswith("on") or is_address or name == "style")
            ):
                self.found.append(f"<{tag} {name}={value!r}>")
        self.tag = tag

    def handle_data(self, data: str) -> None:
        if MARK in data and getattr(self, "tag", "") in ("script", "style"):
            self.found.append(f"<{self.tag}> {data[:60]}")

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""


def of_page(text: str) -> list[str]:
    parser = Elements()
    parser.feed(text)
    return parser.found


def of_sheet(path: Path) -> list[str]:
    book = openpyxl.load_workbook(path)
    return [f"{cell.value!r}" for sheet in book for row in sheet for cell in row if cell.data_type == "f"]


def of_csv(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [cell for row in csv.reader(file) for cell in row if re.match(r"\s*[=+@]|\s*-\D", cell)]


def of_mail(path: Path) -> list[str]:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    found = (
        []
        if set(message) & {"Bcc", "Cc"} == set() and "example.com" not in str(message["To"])
        else ["a header"]
    )
    for part in message.walk():
        if part.get_content_type() == "text/html":
            found += of_page(part.get_content())
    return found


def of_message(said: Any) -> list[str]:
    """What of a webhook's message is more than text: to Slack, or to others who read Markdown in it."""
    text = said["text"]
    found = re.findall(r"[<>]|\]\(|(?<!\w)@\w+", text)
    found += [repr(sign) for sign in text if sign != "\n" and unicodedata.category(sign)[0] == "C"]
    return found + [name for name in ("mrkdwn", "unfurl_links", "unfurl_media") if said[name] is not False]


CHECKS = {
    ".html": lambda path: of_page(path.read_text(encoding="utf-8")),
    ".xlsx": of_sheet,
    ".csv": of_csv,
    ".eml": of_mail,
}


def told(arguments: list[str], data: Path, out: Path, hook: Hook, status: int) -> bool:
    """Whether a command ends with that status, and steers no terminal."""
    run = subprocess.run(
        [sys.executable, "-m", "retention_helpers", *arguments, "--data", str(data), "--out", str(out)],
        cwd=HOME,
        env=os.environ | {"RETENTION_WEBHOOK": hook.address},
        capture_output=True,
        check=False,
    )
    said = (run.stdout + run.stderr).decode()
    steers = [sign for sign in said if ord(sign) < 32 and sign not in "\n\t"]
    is_right = run.returncode == status and not steers and "Traceback" not in said
    print(f"{' '.join(arguments)}: exit {run.returncode}{', steers the terminal' if steers else ''}")
    if not is_right:
        print(said[-3000:])
    return is_right


def broken(data: Path) -> None:
    """A stay that ends before it begins, of a customer whose id is a payload."""
    path = data / "subscriptions.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows[1][rows[0].index("ended_at")] = "2001-01-01"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def main() -> None:
    is_right = True
    with tempfile.TemporaryDirectory(prefix="retention-drill-") as name, web_server() as hook:
        home = Path(name)
        data, out = folder(home), home / "out"
        for arguments in (
            ["check"], ["report", "--month", "2025-10"], ["today", "--date", "2025-11-10"],
            ["deliver", "--month", "2025-10"], ["deliver", "--date", "2025-11-10"], ["status"],
        ):  # fmt: skip
            is_right &= told(arguments, data, out, hook, 0)
        broken(data)
        is_right &= told(["schedule", "--run", "report", "--day", "1", "--hour", "0"], data, out, hook, 1)
        is_right &= told(["status"], data, out, hook, 0)
        found = {
            str(path.relative_to(out)): CHECKS[path.suffix](path)
            for path in sorted(out.rglob("*"))
            if path.suffix in CHECKS
        }
        found |= {f"message {nth}": of_message(said) for nth, (_, said) in enumerate(hook.posted, start=1)}
    for name, alive in found.items():
        print(f"{name}: {len(alive)} alive")
        for one in alive[:3]:
            print(f"  {one}")
    said = str(hook.posted)
    print(f"{len(hook.posted)} messages, {said.count(MARK)} payloads in them")
    is_right &= not any(found.values()) and len(hook.posted) == 3 and MARK in said
    raise SystemExit(not is_right)


if __name__ == "__main__":
    main()
