"""What this repository may hold: a name is allowed by its place, and only while its content is what it says.

`guard.py` looks at what is staged, `guard.py --all` at all that git tracks. Exit status 1, with a sentence a
file, where something may hold customers. Needs nothing but Python and git, so that any clone has it.
"""

import re
import subprocess
import sys
from collections.abc import Iterator

ALLOWED = re.compile(
    r"""
    \.ci/run | \.github/workflows/\w+\.yml | \.gitignore | LICENSE | Makefile | pyproject\.toml
    | [A-Z]+\.md | requirements(-dev)?\.txt | requirements\.lock | constraints\.txt
    | docs/\w+\.md | docs/review\.png
    | hooks/(install|pre-commit|guard\.py)
    | notebooks/(\w+\.ipynb|outputs\.lock)
    | retention_helpers/([\w/]+\.(py|j2|css|mplstyle)|[\w/]+\.html\.j2|[\w/]*README\.md)
    | retention_helpers/(findings\.schema\.json|report/pages/conf\.json)
    | retention_helpers/(churn_reasons/features|contract/messages|words/(themes|moods|moods_labelled))\.yml
    | tests/([\w/]+\.py|nbval\.cfg|churn_reasons/reference/comments(_unseen)?\.csv)
    | data/sample/(README\.md|(make_sample|sample_cases|sample_texts)\.py|retention\.yml|experiments\.yml)
    | data/sample/(assignments|cancellations|contacts|customers|emails|enrolments|notes|nps|orders|payments
      |spend|subscriptions|tickets)\.csv
    | data/sample/events\.csv\.gz
    """,
    re.VERBOSE,
)
BINARY = re.compile(r"docs/review\.png|data/sample/events\.csv\.gz")
# The sample's people and those of the tests live at addresses that can belong to nobody (RFC 2606), or at
# one-letter domains.
ADDRESS = re.compile(rb"[\w.%+-]+@((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)
NOBODYS = re.compile(rb"(.+\.)?(example(\.\w+)*|test|invalid|localhost)|\w\.\w+|firm\.de", re.IGNORECASE)


def main(arguments: list[str]) -> int:
    """Look at what is staged or, with `--all`, tracked; say what does not belong here."""
    listing = (
        ["ls-files"] if "--all" in arguments else ["diff", "--cached", "--name-only", "--diff-filter=ACMR"]
    )
    names = _names(*listing)
    faults = [_unknown(name) for name in names if not ALLOWED.fullmatch(name)]
    faults += [fault for name, content in _contents(names) for fault in _faults(name, content)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _names(*listing: str) -> list[str]:
    """Names as they are: with `-z`, git quotes none."""
    return [name for name in _git(*listing, "-z").decode("utf-8", "surrogateescape").split("\0") if name]


def _unknown(name: str) -> str:
    shown = name if name.isprintable() else ascii(name)
    return (
        f"Not committed: {shown} is none of the files that this repository holds (hooks/guard.py lists them)."
    )


def _contents(names: list[str]) -> Iterator[tuple[str, bytes]]:
    """The files that should be text, as they are staged."""
    texts = [name for name in names if ALLOWED.fullmatch(name) and not BINARY.fullmatch(name)]
    found = _git("cat-file", "--batch", given="".join(f":{name}\n" for name in texts).encode())
    for name in texts:
        head, _, rest = found.partition(b"\n")
        if head.endswith(b" missing"):  # in the middle of a merge: nothing of it can be committed yet
            found = rest
            continue
        size = int(head.split()[-1])
        yield name, rest[:size]
        found = rest[size + 1 :]


def _faults(name: str, content: bytes) -> Iterator[str]:
    try:
        is_text = "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        yield f"Not committed: {name} is no text, whatever its name says."
    own = {found for found in ADDRESS.findall(content) if not NOBODYS.fullmatch(found)}
    if own:
        yield (
            f"Not committed: {name} holds e-mail addresses ({len(own)} domains) that may be somebody's. "
            "Examples end in example.com."
        )


def _git(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["git", *arguments], input=given, check=True, capture_output=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
