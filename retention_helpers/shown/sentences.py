"""What a sentence is, and the warnings of the first screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from retention_helpers.business import levels
from retention_helpers.contract.tables import Fault
from retention_helpers.shown.look import style
from retention_helpers.words import formats


@dataclass(frozen=True)
class Sentence:
    """A finding in words; shows itself in a notebook and on a page."""

    text: str

    def _repr_html_(self) -> str:
        return f'<p class="finding">{formats.escaped(self.text)}</p>'

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Remarks:
    """Several findings of one kind: a sentence where there is one, a list where there are more."""

    items: tuple[str, ...]

    def _repr_html_(self) -> str:
        if len(self.items) == 1:
            return Sentence(self.items[0])._repr_html_()
        lines = "".join(f"<li>{formats.escaped(item)}</li>" for item in self.items)
        return f'<ul class="finding">{lines}</ul>'

    def __repr__(self) -> str:
        return "\n".join(self.items)


@dataclass(frozen=True)
class Warnings:
    """What the reader should know before believing the numbers: a line that opens into the whole.

    It stands first in every notebook, so it brings the look of the pages along for all that comes after.
    """

    faults: tuple[Fault, ...]

    def _summary(self) -> str:
        if not self.faults:
            return "Nothing in the data calls these numbers into question."
        rules = listed(sorted({fault.rule for fault in self.faults}))
        return f"{formats.plural(len(self.faults), 'warning')} about the data: {rules}."

    def _repr_html_(self) -> str:
        if not self.faults:
            return f'{style()}<p class="fine">{self._summary()}</p>'
        items = "".join(f"<li>{formats.escaped(fault.message)}</li>" for fault in self.faults)
        summary = formats.escaped(self._summary())
        return f'{style()}<details class="warning"><summary>{summary}</summary><ul>{items}</ul></details>'

    def __repr__(self) -> str:
        return "\n".join([self._summary(), *(fault.message for fault in self.faults)])


def warnings(faults: Sequence[Fault]) -> Warnings:
    """The gate's warnings, for the first screen of a page."""
    return Warnings(tuple(fault for fault in faults if fault.level == "warning"))


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Parts of a sentence, joined.

    >>> listed(["a", "b", "c"]), listed(["a", "b"], "or")
    ('a, b and c', 'a or b')
    """
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def kind_of_group(by: str) -> str:
    """What customers are grouped by, as people name it inside a sentence, also before the level.

    >>> kind_of_group("mrr_band"), kind_of_group("interval"), kind_of_group("first_plan")
    ('MRR band', 'billing interval', 'first plan')
    """
    name = "billing interval" if by == "interval" else levels.HEADINGS.get(by, formats.words(by))
    return name if name[:2].isupper() else name[:1].lower() + name[1:]
