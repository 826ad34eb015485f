"""What stands open on a page (heading, picture, sentence), and what is folded: tables, definitions, code.

A notebook has them in the order of work (definition, table, picture, sentence), which is right for whoever
computes. A page is read by whoever decides, so the cells between two pieces of prose, a *block*, are put into
the order of reading. Cells say what else they are by their tags: `analyst` or `folded` on a heading folds its
section whole, `open` keeps a piece of prose in sight. `subscriptions` and `days` leave out a section, or a
cell of code, where a business has no subscriptions, or its days are not known; `words:subscriptions` and
`words:days` leave out the prose alone; `without:days` is prose for such a business only.

A section all of whose tables are empty, or have "too few" in every row, or are of nobody, has
nothing to show but why: it becomes a line at the end of the page; the rows stand in findings.json.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

OPEN = "open"
WITHOUT = "without:"
FOLDED = ("analyst", "folded")
HEADING = re.compile(r"\A\s*<h([1-6])\b.*?</h\1>", re.DOTALL)
_MARKED = re.compile(r"(#{1,6}) .*")
TABLE = '<div class="table"'
EMPTY = '<table class="empty"'
UNTOLD = '<table class="untold"'
SENTENCE = re.compile(r'<p class="finding">(.*?)</p>', re.DOTALL)


@dataclass
class Block:
    """A piece of prose, and the code cells up to the next one."""

    prose: "NotebookNode | None"
    cells: "list[NotebookNode]" = field(default_factory=list)

    @property
    def level(self) -> int:
        """Of its heading; 0 where it has none."""
        heading = self.prose is not None and HEADING.match(self.prose.metadata["html"])
        return int(heading[1]) if heading else 0

    @property
    def folds_as(self) -> str:
        """The tag that folds its section; "" where none does."""
        tags = [] if self.prose is None else self.prose.metadata.get("tags", [])
        return next((tag for tag in FOLDED if tag in tags), "")


def in_reading_order(cells: "list[NotebookNode]") -> "list[NotebookNode]":
    """The cells as a page shows them, what goes around each in its metadata: `before` and `after`.

    Takes cells whose prose is rendered (`html` in the metadata) and whose code is gathered (`code`).
    """
    blocks = list(_blocks(cells))
    codes = {id(block): _take_code(block) for block in blocks}
    blocks, silent = _speaking(blocks)
    for block in blocks:
        block.cells.sort(key=_shows_tables_alone)
        _fold_prose(block)
        if codes[id(block)]:
            _last(block).metadata["code"] = codes[id(block)]
    _fold_sections(blocks)
    if silent:
        last = _last(blocks[-1])
        last.metadata["after"] = last.metadata.get("after", "") + _listed(silent)
    return [cell for block in blocks for cell in (*filter(None, [block.prose]), *block.cells)]


def _take_code(block: Block) -> str:
    """The code of the section, which one of its cells carries; the cells will change their order."""
    return "".join(cell.metadata.pop("code", "") for cell in block.cells)


def _speaking(blocks: list[Block]) -> tuple[list[Block], list[tuple[str, str]]]:
    """The blocks that have something to show; of the others the heading, and the sentence that says why.

    A block of empty tables without a sentence is left out: the page has said why before.
    """
    kept: list[Block] = []
    silent: list[tuple[str, str]] = []
    for block in reversed(blocks):
        has_more = bool(kept) and _is_within(block, kept[-1])
        why = None if has_more or block.level == 1 else _why_silent(block)
        if why and not block.level:
            why = None
        if why is not None:
            silent += [(_heading(block), why)] if why else []
        else:
            block.cells = [cell for cell in block.cells if not _is_empty(cell)]
            kept.append(block)
    return kept[::-1], silent[::-1]


def _why_silent(block: Block) -> str | None:
    """The first sentence of a block without pictures whose tables are empty or tell nothing; else None.

    "" where such a block has no sentence.
    """
    shown = [output.get("data", {}) for cell in block.cells for output in cell.outputs]
    html = [str(one["text/html"]) for one in shown if "text/html" in one]
    has_picture = any(kind.startswith("image/") for one in shown for kind in one)
    tables = [one for one in html if TABLE in one]
    said = [match[1] for one in html if (match := SENTENCE.fullmatch(one.strip()))]
    is_empty = all(EMPTY in one or UNTOLD in one for one in tables) and len(tables) + len(said) == len(html)
    return next(iter(said), "") if tables and is_empty and not has_picture else None


def _is_empty(cell: "NotebookNode") -> bool:
    shown = [str(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", [])]
    return bool(shown) and all(EMPTY in html for html in shown)


def _heading(block: Block) -> str:
    assert block.prose is not None
    found = HEADING.match(block.prose.metadata["html"])
    assert found
    return re.sub(r"<[^>]*>", "", found[0])


def _listed(silent: list[tuple[str, str]]) -> str:
    """A line a section that has nothing to show; works on HTML that the renderer and the helpers made."""
    lines = "".join(f"<li><b>{heading}</b> {why}</li>" for heading, why in silent)
    return f'<section class="silent"><h2>Nothing to show yet</h2><ul>{lines}</ul></section>'


def a_heading_a_cell(cells: "list[NotebookNode]") -> "Iterator[NotebookNode]":
    """Prose that holds several headings, cut before each of them."""
    for cell in cells:
        if cell.cell_type != "markdown":
            yield cell
            continue
        parts = filter(str.strip, re.split(r"^(?=#{1,6} )", cell.source, flags=re.MULTILINE))
        for nth, part in enumerate(parts):
            name = f"{cell.get('id', 'prose')}-{nth}" if nth else cell.get("id", "prose")
            yield type(cell)(cell, id=name, source=part, metadata=type(cell)(cell.metadata))


def that_apply(cells: "Iterable[NotebookNode]", lacks: frozenset[str]) -> "Iterator[NotebookNode]":
    """The cells without the sections, and the words, that speak of what a business has not."""
    only = {f"{WITHOUT}{one}" for one in lacks}
    left_out = 0  # the level of the heading whose section is
    for cell in cells:
        if cell.cell_type == "markdown":
            heading = _MARKED.match(cell.source)
            level, tags = len(heading[1]) if heading else 7, set(cell.metadata.get("tags", []))
            if level <= left_out:
                left_out = 0
            if not left_out and tags & lacks:
                left_out = level
            if not left_out and tags & {f"words:{one}" for one in lacks}:
                if heading is None:
                    continue
                cell = type(cell)(cell, source=heading[0])
            is_for_others = any(tag.startswith(WITHOUT) and tag not in only for tag in tags)
            if is_for_others:
                continue
        elif set(cell.metadata.get("tags", [])) & lacks:
            continue
        if not left_out:
            yield cell


def _blocks(cells: "list[NotebookNode]") -> Iterator[Block]:
    block = Block(None)
    for cell in cells:
        if cell.cell_type == "markdown":
            yield block
            block = Block(cell)
        else:
            block.cells.append(cell)
    yield block


def _shows_tables_alone(cell: "NotebookNode") -> bool:
    shown = [str(output.get("data", {}).get("text/html", "")) for output in cell.outputs]
    return bool(shown) and all(is_folded(html) for html in shown)


def is_folded(html: str) -> bool:
    """Whether this output is a table that a click opens; one with a kind of its own stays open."""
    return html.startswith(TABLE) and ('<table class="' not in html or UNTOLD in html)


def caption(html: str) -> str:
    """The caption of a table, which becomes the line that opens it; HTML as it stands there."""
    return html.partition("<caption>")[2].partition("</caption>")[0]


def _fold_prose(block: Block) -> None:
    """Prose says how something is counted: it goes below what was counted.

    The words under the title stay: they say what the page is for.
    """
    stays = block.prose is None or block.level == 1 or block.folds_as
    if stays or OPEN in block.prose.metadata.get("tags", []):  # type: ignore[union-attr]
        return
    assert block.prose is not None
    html = block.prose.metadata["html"]
    heading = HEADING.match(html)
    end = heading.end() if heading else 0
    words = html[end:].strip()
    if not words:
        return
    block.prose.metadata["html"] = html[:end]
    _last(block).metadata["definition"] = words


def _last(block: Block) -> "NotebookNode":
    if block.cells:
        return block.cells[-1]
    assert block.prose is not None, "a block is prose or cells"
    return block.prose


def _fold_sections(blocks: list[Block]) -> None:
    """Fold each section that is tagged: from its heading to the next of its level or a higher one."""
    for nth, block in enumerate(blocks):
        if not block.folds_as:
            continue
        assert block.prose is not None
        inside = [block, *takewhile(partial(_is_within, block), blocks[nth + 1 :])]
        html = block.prose.metadata["html"]
        heading = HEADING.match(html).end()  # type: ignore[union-attr]
        summary = f"<summary>{html[:heading]}</summary>"
        block.prose.metadata["html"] = f'<details class="{block.folds_as}">{summary}{html[heading:]}'
        last = _last(inside[-1])
        last.metadata["after"] = last.metadata.get("after", "") + "</details>"


def _is_within(section: Block, block: Block) -> bool:
    return block.level == 0 or block.level > section.level
