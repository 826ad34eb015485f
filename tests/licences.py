"""The licences of all that is installed: `python tests/licences.py` writes docs/licences.md.

A licence outside `FREE` stands in `JUDGED` with what was found about it, else `tests/test_supply.py` fails.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
LIST = HOME / "docs" / "licences.md"
FREE = re.compile(
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF|Zlib|CC0|Unlicense|public domain|HPND|Zope"
)
JUDGED = {
    "certifi": "a list of certificates, unchanged",
    "fqdn": "used unchanged, as a library of JupyterLab",
    "pathspec": "checks alone, unchanged",
    "hypothesis": "tests alone, unchanged",
    "psycopg": "used unchanged, as a library that can be exchanged; only where a database is the source",
    "psycopg-binary": "as psycopg; the libraries within it are PostgreSQL's and OpenSSL's own",
    "tqdm": "used unchanged, as a library",
    "axe-playwright-python": "its file LICENSE is MIT; tests alone; axe-core within it is MPL-2.0, unchanged",
}
OPENING = """# Licences of what is installed

Made by `tests/licences.py` from what the packages say themselves. This project is MIT; nothing of them is
copied into it or handed on with it: `pip` brings each from its own makers. What is not plainly permissive was
looked at, and what was found stands beside it.

| package | licence | judged |
|---|---|---|
"""


def pinned() -> dict[str, str]:
    """The exact version of every package, by its name."""
    lines = (HOME / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def licence(name: str) -> str | None:
    """What a package says of its licence; None where it is not installed on this system."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    classified = [one for one in about.get_all("Classifier", []) if one.startswith("License ::")]
    if classified:
        return ", ".join(last for one in classified if (last := one.rpartition(" :: ")[2]) != "OSI Approved")
    first = (about.get("License") or "").strip().splitlines()
    return first[0][:60] if first else ""


def listed() -> str:
    rows = [
        f"| {name} | {said or 'not named'} | {JUDGED.get(name, '')} |"
        for name in sorted(pinned())
        if (said := licence(name)) is not None
    ]
    return OPENING + "\n".join(rows) + "\n"


def is_free(said: str) -> bool:
    """Whether every part of an expression is plainly permissive."""
    return all(FREE.search(part) for part in re.split(r" AND ", said)) or any(
        FREE.search(part) for part in said.split(" OR ") if " OR " in said
    )


if __name__ == "__main__":
    LIST.write_text(listed(), encoding="utf-8")
    sys.exit(0)
