"""A report and a day's list made by hand, and a delivery that is killed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servers import Mailbox

from retention_helpers import shipped
from retention_helpers.delivery.post import Post

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Review</title></head><body>
<header><nav aria-label="Pages of this report"><ul><li><a href="measurement.html">M</a></li></ul></nav>
</header>
<main id="content"><p>Ada Lovelace <a href="../plan.xlsx">the plan</a> <a href="#content">up</a></p></main>
</body></html>
"""
FINDINGS: Mapping[str, Any] = {
    "business": "Harbour Desk",
    "review": {"headline": "A normal month: 2 of 40 customers left. One thing is worth your time."},
    "measurement": {
        "customers_at_start": 40, "new": 3, "reactivated": 0, "lost": 2, "customers_at_end": 41,
        "churn": {"value": 0.05, "low": 0.014, "high": 0.165, "numerator": 2, "denominator": 40},
    },
    "actions": [
        {"id": "keep", "what": "Call the 2 customers who asked to cancel"},
        {"id": "experiment", "what": "Ada's welcome video: stop"},
    ],
    "made": {"at": "2026-11-03T07:00:00+01:00", "files": []},
}  # fmt: skip
ROWS = (
    '"Customer","What to do","By"\n'
    '"C-1","Write: their payment failed","2026-11-03"\n'
    '"C-2","Write: their payment failed","2026-11-03"\n'
    '"C-3","Lunch with Ada Lovelace","2026-11-03"\n'
)


def make_report(out: Path, month: str = "2026-10", **changed: Any) -> None:
    """A report as `report` leaves it, as far as delivery looks at one."""
    folder = out / month
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "findings.json").write_text(json.dumps({**FINDINGS, "month": month, **changed}), "utf-8")


def make_list(out: Path, day: str = "2026-11-03", rows: str = ROWS) -> None:
    """A day's list."""
    folder = out / "today" / day
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "list.csv").write_text(rows, encoding="utf-8-sig")


def smtp(box: Mailbox) -> dict[str, Any]:
    """The settings for a mail server on loopback."""
    return {"smtp": {"host": "127.0.0.1", "port": box.port, "tls": "none"}}


def killed(ours: Post, key: str, at: str) -> None:
    """Deliver in a process that kills itself, as kill -9 does, just before or after a line of the journal.

    `at` is such as "before sent" or "after handing over".
    """
    place, event = at.split(" ", 1)
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from retention_helpers.delivery import delivering, editions, journal, post\n"
        "data, out, cache, key, place, event = sys.argv[1:]\n"
        "write = journal.note\n"
        "def note(out, what, *about, **more):\n"
        "    if what == event and place == 'before': os.kill(os.getpid(), signal.SIGKILL)\n"
        "    write(out, what, *about, **more)\n"
        "    if what == event: os.kill(os.getpid(), signal.SIGKILL)\n"
        "journal.note = note\n"
        "found = post.post(Path(data), Path(out))\n"
        "ours = post.Post(found.data, found.out, found.settings, found.identity, Path(cache))\n"
        "ours.deliver(editions.edition(key))\n"
    )
    folders = [str(ours.data), str(ours.out), str(ours.cache)]
    run = subprocess.run(
        [sys.executable, "-c", script, *folders, key, place, event], cwd=shipped.HOME, check=False
    )
    assert run.returncode == -9
