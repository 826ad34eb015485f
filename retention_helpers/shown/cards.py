"""The first screen of a page: a headline over cards, each a question answered in a picture or words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, unquote

from retention_helpers.shown.figures import Figure
from retention_helpers.words import formats

_XMLNS = ' xmlns="http://www.w3.org/2000/svg"'  # an image needs it, a drawing in a page does not
_PLAIN = " =:/'(),;.-+~"  # signs that need no code in the address of an image
_PICTURE = re.compile(r'<img class="drawn" alt="(?P<alt>[^"]*)" src="data:image/svg\+xml,(?P<svg>[^"]*)">')


class Shows(Protocol):
    """What shows itself in a notebook and on a page."""

    def _repr_html_(self) -> str: ...


@dataclass(frozen=True)
class Link:
    """The way to another page of the report; words where the page is not beside, as in a notebook.

    Attributes:
        page: the notebook it is made from, such as "experiments".
        words: what the link says.
    """

    page: str
    words: str

    def _repr_html_(self) -> str:
        return f'<span data-page="{formats.escaped(self.page)}">{formats.escaped(self.words)}</span>'

    def __repr__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Line:
    """A line of a card: what is most important in bold, which leads to its page, and the rest beside it."""

    strong: str
    rest: str = ""
    page: str = ""

    def _repr_html_(self) -> str:
        strong = Link(self.page, self.strong)._repr_html_() if self.page else formats.escaped(self.strong)
        return f"<b>{strong}</b>" + (f" {formats.escaped(self.rest)}" if self.rest else "")

    def __repr__(self) -> str:
        return " ".join(filter(None, [self.strong, self.rest]))


@dataclass(frozen=True)
class Lines:
    """Lines one below the other; numbered where their order matters."""

    lines: tuple[Line, ...]
    is_ordered: bool = False

    def _repr_html_(self) -> str:
        tag = "ol" if self.is_ordered else "ul"
        return f"<{tag}>{''.join(f'<li>{line._repr_html_()}</li>' for line in self.lines)}</{tag}>"

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.lines))


@dataclass(frozen=True)
class Bar:
    """A bar of `Bars`: how many, and whether it cannot be told apart from the longest."""

    label: str
    count: int
    is_first: bool


@dataclass(frozen=True)
class Bars:
    """Counts as bars; those that may well be the largest are of one colour, the others pale."""

    bars: tuple[Bar, ...]

    def _repr_html_(self) -> str:
        longest = max((bar.count for bar in self.bars), default=1)
        rows = "".join(
            f'<tr><th scope="row">{formats.escaped(bar.label)}</th>'
            f'<td class="bar"><i class="{"first" if bar.is_first else "other"}" '
            f'style="width:{100 * bar.count // max(longest, 1)}%"></i></td>'
            f'<td class="number">{formats.count(bar.count)}</td></tr>'
            for bar in self.bars
        )
        return f'<table class="bars"><tbody>{rows}</tbody></table>'

    def __repr__(self) -> str:
        return "\n".join(f"{bar.label}: {formats.count(bar.count)}" for bar in self.bars)


@dataclass(frozen=True)
class Fine:
    """A sentence of a card that stands back."""

    text: str
    link: Link | None = None

    def _repr_html_(self) -> str:
        more = f" {self.link._repr_html_()}" if self.link else ""
        return f'<p class="basis">{formats.escaped(self.text)}{more}</p>'

    def __repr__(self) -> str:
        return " ".join(filter(None, [self.text, repr(self.link) if self.link else ""]))


@dataclass(frozen=True)
class Notes:
    """What the marks of a picture stand for, folded under how many there are."""

    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{formats.escaped(note)}</li>" for note in self.notes)
        return f"<details><summary>{self._many()}</summary><ul>{items}</ul></details>"

    def __repr__(self) -> str:
        return f"{self._many()}: {'; '.join(self.notes)}"

    def _many(self) -> str:
        return formats.plural(len(self.notes), "note")


@dataclass(frozen=True)
class Picture:
    """A figure in the size of a card: its narrow drawing.

    In a notebook an image, since JupyterLab leaves of an `svg` in HTML that it does not trust only the loose
    numbers; `drawn` puts it into a page.
    """

    figure: Figure

    def _repr_html_(self) -> str:
        svg = self.figure.narrow.replace("<svg", f"<svg{_XMLNS}", 1)
        source = f"data:image/svg+xml,{quote(svg, safe=_PLAIN)}"
        return f'<img class="drawn" alt="{formats.escaped(self.figure.alt)}" src="{source}">'

    def __repr__(self) -> str:
        return self.figure.alt


def drawn(html: str) -> str:
    """The same with its pictures drawn in place, where they follow the colours of the page."""
    return _PICTURE.sub(
        lambda one: (
            f'<div class="drawn" role="img" aria-label="{one["alt"]}">'
            f"{unquote(one['svg']).replace(_XMLNS, '', 1)}</div>"
        ),
        html,
    )


@dataclass(frozen=True)
class Card:
    """A question of the first screen, answered in its heading.

    Attributes:
        heading: the answer, such as "Churn against last month: no clear change".
        parts: what shows it.
        page: the notebook that proves it, to which the heading leads.
        is_wide: over the whole screen, before the others.
    """

    heading: str
    parts: tuple[Shows, ...]
    page: str = ""
    is_wide: bool = False

    def _repr_html_(self) -> str:
        heading = Link(self.page, self.heading)._repr_html_() if self.page else formats.escaped(self.heading)
        body = "\n".join(part._repr_html_() for part in self.parts)
        kind = "card wide" if self.is_wide else "card"
        return f'<section class="{kind}"><h3>{heading}</h3>\n{body}</section>'

    def __repr__(self) -> str:
        return "\n".join([self.heading, *map(repr, self.parts)])


@dataclass(frozen=True)
class Screen:
    """The first screen: the answer in a sentence, and the cards that say why."""

    headline: str
    cards: tuple[Card, ...]

    def _repr_html_(self) -> str:
        cards = "\n".join(card._repr_html_() for card in self.cards)
        return (
            f'<div class="screen"><h2 class="headline">{formats.escaped(self.headline)}</h2>\n'
            f'<div class="cards">{cards}</div></div>'
        )

    def __repr__(self) -> str:
        return "\n\n".join([self.headline, *map(repr, self.cards)])


def screen(headline: str, cards: Sequence[Card | None]) -> Screen:
    """The first screen with the cards that have something to say."""
    return Screen(headline, tuple(card for card in cards if card is not None))
