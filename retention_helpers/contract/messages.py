"""The words that the report proposes; in their place the owner's own: `messages.yml` of the data folder."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from retention_helpers.contract import yaml_files
from retention_helpers.contract.reason_codes import reason_of
from retention_helpers.words.errors import InputError, nearest

MESSAGES_FILE = "messages.yml"
OURS = Path(__file__).with_name(MESSAGES_FILE)

CAMPAIGNS = ("silent", "win_back")
EVERYWHERE = {"name", "business"}  # placeholders; an offer is a sentence of another message, and has none
IN_CAMPAIGNS = {"plan", "last_use", "used_most", "days"}

Messages = Mapping[str, Any]  # as in OURS: texts, whole numbers, and mappings of them


@cache
def our_messages() -> Messages:
    """Those that come with the report."""
    return yaml_files.document(OURS)


def read_messages(folder: Path) -> Messages:
    """All messages: ours, with what the owner wrote in `messages.yml` in place of them.

    Raises InputError for a key that there is none of, a text that is none, and a placeholder that nothing
    fills in that message.
    """
    own = folder / MESSAGES_FILE
    return _over(our_messages(), yaml_files.document(own), "") if own.exists() else our_messages()


def _over(ours: Messages, own: Messages, place: str) -> dict[str, Any]:
    found = dict(ours)
    for key, value in own.items():
        name = f"{place}.{key}".lstrip(".")
        if key not in ours:
            raise InputError(f"{MESSAGES_FILE}: there is no {name}. {nearest(key, map(str, ours))}")
        if isinstance(ours[key], Mapping):
            if not isinstance(value, Mapping):
                raise InputError(f"{MESSAGES_FILE}: {name} should hold lines of the form `key: value`.")
            found[key] = _over(ours[key], value, name)
        elif not yaml_files.fits(value, type(ours[key])):
            kind = "a whole number" if isinstance(ours[key], int) else "a text"
            raise InputError(f"{MESSAGES_FILE}: {name} should be {kind}.")
        else:
            found[key] = value
            _refuse_unfilled(str(value), str(ours[key]), name)
    return found


def _refuse_unfilled(text: str, ours: str, name: str) -> None:
    part = name.split(".")[0]
    known = EVERYWHERE | (IN_CAMPAIGNS if part in CAMPAIGNS else _placeholders(ours, name))
    known = set() if part == "offers" else known
    if unknown := sorted(_placeholders(text, name) - known):
        raise InputError(
            f"{MESSAGES_FILE}: {name} has {{{unknown[0]}}}, which nothing fills there. "
            f"{nearest(unknown[0], known) if known else 'Write it without one.'}"
        )


def offer_for(folder: Path, reason_map: Mapping[str, str], reason: str | None) -> Mapping[str, str]:
    """What answers a reason to cancel: offer and message; the one for every other where there is none.

    Takes the folder of the owner's messages, what their own codes mean, and a reason as a source wrote it.
    """
    offers = read_messages(folder)["offers"]
    meant = reason_of(reason, reason_map) if reason else ""
    found: Mapping[str, str] = offers.get(meant, offers["otherwise"])
    return found


@lru_cache(maxsize=1024)
def _placeholders(text: str, name: str) -> frozenset[str]:
    try:
        return frozenset(field for _, field, _, _ in Formatter().parse(text) if field is not None)
    except ValueError:
        raise InputError(f"{MESSAGES_FILE}: a brace of {name} is open. Write {{name}} in full.") from None


def filled(text: str, known: Mapping[str, str]) -> str:
    """A message with what is known; a line with a placeholder that is not is left out.

    A name that is not known leaves the greeting without one.

    >>> filled("Hello {name},\\nyou used {used_most}.\\nWrite to {business}.", {"business": "Acme"})
    'Hello,\\nWrite to Acme.'
    """
    lines = (text if known.get("name") else text.replace(" {name}", "")).splitlines()
    kept = [line for line in lines if all(known.get(field) for field in _placeholders(line, ""))]
    return "\n".join(line.format_map(known) for line in kept)
