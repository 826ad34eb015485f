"""The same findings whatever the hash seed, locale, clock, time zone, and version of Python.

Each run reads a copy of the sample under a name of its own, so that no run finds what another kept.
`--python PATH` adds an interpreter that has the dependencies; those of the path that have them are found.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, dict[str, str]] = {
    "as usual": {},
    "other hash seed, time zone and locale": {
        "PYTHONHASHSEED": "4242", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "tr_TR.UTF-8",
    },
    "another hash seed, west of Greenwich": {"PYTHONHASHSEED": "7", "TZ": "America/Adak"},
}  # fmt: skip


def findings(python: str, setting: dict[str, str], home: Path, only: list[str]) -> Any:
    """What a report of the sample finds, but for when and by what it was made."""
    data, out = home / "data", home / "out"
    shutil.copytree(HOME / "data" / "sample", data, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    command = [
        python,
        "-m",
        "retention_helpers",
        "report",
        "--data",
        data,
        "--month",
        "2026-10",
        "--out",
        out,
    ]
    environment = os.environ | {"PYTHONPATH": str(HOME)} | setting
    run = subprocess.run(
        [*command, *(["--only", *only] if only else [])],
        cwd=HOME, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        return run.stdout + run.stderr
    found = json.loads((out / "2026-10" / "findings.json").read_text(encoding="utf-8"))
    found.pop("made")
    return found


def interpreters(named: list[str]) -> list[str]:
    there = [path for minor in (11, 12, 13) if (path := shutil.which(f"python3.{minor}"))]
    has_all = [
        one
        for one in [*named, *there]
        if not subprocess.run([one, "-c", "import ibis, papermill, seaborn"], capture_output=True).returncode
    ]
    return [sys.executable, *dict.fromkeys(one for one in has_all if one != sys.executable)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], metavar="PATH")
    parser.add_argument("--only", nargs="+", default=[], metavar="NOTEBOOK")
    chosen = parser.parse_args()
    runs = [(sys.executable, name) for name in SETTINGS]
    runs += [(python, "as usual") for python in interpreters(chosen.python)[1:]]
    seen: list[Any] = []
    for python, name in runs:
        with tempfile.TemporaryDirectory(prefix="retention-drill-") as home:
            seen.append(findings(python, SETTINGS[name], Path(home), chosen.only))
        kind = (
            "could not be made" if isinstance(seen[-1], str) else "same" if seen[-1] == seen[0] else "OTHER"
        )
        version = subprocess.run([python, "--version"], capture_output=True, text=True).stdout.strip()
        print(f"{version}, {name}: {kind}", flush=True)
        if isinstance(seen[-1], str):
            print(seen[-1])
    raise SystemExit(any(one != seen[0] or isinstance(one, str) for one in seen))


if __name__ == "__main__":
    main()
