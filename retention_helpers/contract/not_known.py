"""What a source cannot know of a business's past, so that it is left empty and never shown as 0.

A biller may hold only the present price of a subscription: then nobody paid more or less in its export, and
an expansion of 0 would be untrue. An importer says so (`Imported.not_known`); an import writes it into
`not_known.yml` beside the tables, which is the owner's to change; the measures ask `Business.knows`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from retention_helpers.contract.tables import HISTORIES, Fault, message
from retention_helpers.contract.yaml_files import document
from retention_helpers.words.errors import InputError, nearest

FILE = "not_known.yml"
Reasons = Mapping[str, str]  # why, by history


def read(folder: Path) -> dict[str, dict[str, str]]:
    """Why a history is not known, by source and history; empty where there is no `not_known.yml`.

    Raises InputError for a file of another form.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    found = document(path)
    if not all(isinstance(why, dict) for why in found.values()):
        raise InputError(f"{FILE} should hold a source, and below it lines such as `prices: why`.")
    for history in (history for why in found.values() for history in why):
        if history not in HISTORIES:
            raise InputError(f"{FILE}: {history} is no history. {nearest(str(history), HISTORIES)}")
    return {str(source): {name: str(why) for name, why in own.items()} for source, own in found.items()}


def write(folder: Path, source: str, reasons: Reasons) -> None:
    """Write what the source of the subscriptions does not know, in the place of what was there.

    No file stays where it knows all.
    """
    if reasons:
        text = yaml.safe_dump({source: dict(reasons)}, allow_unicode=True, width=100)
        (folder / FILE).write_text(text, encoding="utf-8")
    else:
        (folder / FILE).unlink(missing_ok=True)


def faults(by_source: Mapping[str, Reasons]) -> Iterator[Fault]:
    """A warning a history and source: what is not known, why, and what is left empty for it."""
    for source, reasons in sorted(by_source.items()):
        for history, why in reasons.items():
            known = HISTORIES[history]
            said = message(source, f"{known.what} are not known", f"{why} {known.effect}")
            rule = f"{history} not known" if history == "days" else f"past {history} not known"
            yield Fault("warning", "subscriptions", rule, 0, said)
