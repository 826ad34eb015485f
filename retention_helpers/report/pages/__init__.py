"""The pages of a report: from executed notebooks to single HTML files that need nothing else.

Nothing on a page runs or loads: no script, no outside address, one stylesheet inside the file. Whatever a
customer may have written is shown as text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retention_helpers.report import notebooks
from retention_helpers.report.pages import folding
from retention_helpers.shown.cards import drawn
from retention_helpers.shown.look import without_style

if TYPE_CHECKING:
    from jinja2 import Template
    from nbconvert.exporters import TemplateExporter
    from nbformat import NotebookNode

HERE = Path(__file__).parent
INDEX = "index.html"


@dataclass(frozen=True)
class Page:
    """One page: a notebook as executed.

    Attributes:
        name: of the notebook, such as "measurement".
        title: the question it answers.
        notebook: as executed; None when it never started.
        failure: why it did not run through, in a sentence; "" when it did.
    """

    name: str
    title: str
    notebook: "NotebookNode | None"
    failure: str = ""

    @property
    def label(self) -> str:
        return notebooks.label(self.name)

    @property
    def file(self) -> str:
        """The review is the first page."""
        return INDEX if self.name == notebooks.REVIEW else f"{self.name}.html"


@dataclass(frozen=True)
class Edition:
    """Everything the pages of one report share.

    Attributes:
        business: its name; may be "".
        month: "2026-10".
        as_of: where the data were cut.
        made_at: the only thing on a page that differs between two runs on the same data.
        pages: in reading order.
        customers_are: who counts as a customer, in a sentence; "" for the subscribers.
        lacks: of what the business has none, such as subscriptions: what speaks of that alone is left out.
        trouble: what is wrong with the report as a whole; "" for nothing.
        made_from: the record of `report.made_from`; empty for nothing to say.
        lists: the lists beside the pages, such as "actions/ask_why.csv".
    """

    business: str
    month: str
    as_of: str
    made_at: datetime
    pages: tuple[Page, ...]
    customers_are: str = ""
    lacks: frozenset[str] = frozenset()
    trouble: str = ""
    lists: tuple[str, ...] = ()
    made_from: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Heading:
    """An entry of the table of contents; the text is HTML without tags."""

    level: int
    id: str
    text: str


def prepare() -> None:
    """Load what rendering needs, so that it can happen while notebooks run."""
    _exporter()
    _template()


def render(edition: Edition) -> dict[str, str]:
    """The HTML of every page by file name. There is an index even where the review is not among them."""
    pages = edition.pages
    if INDEX not in {page.file for page in pages}:
        pages = (Page(notebooks.REVIEW, "What is in this report?", None), *pages)
    return {page.file: _render(page, pages, edition) for page in pages}


def _render(page: Page, menu: tuple[Page, ...], edition: Edition) -> str:
    content, contents = _content(page.notebook, edition.lacks) if page.notebook else ("", [])
    beside = {name: name for name in edition.lists}
    content = _with_links(content, edition.lists, beside | {other.name: other.file for other in menu})
    return _template().render(
        edition=edition,
        month=_month(edition.month),
        menu=menu,
        failed=[other for other in menu if other.failure and other is not page],
        file=page.file,
        label=page.label,
        title=page.title,
        failure=page.failure,
        content=content,
        contents=contents,
        is_screen=page.file == INDEX and 'class="screen"' in content,  # its own table of contents
        css=stylesheet(),
    )


def _with_links(content: str, lists: tuple[str, ...], files: Mapping[str, str]) -> str:
    """A cell that names a list, or words that name a page, become the way to it; pictures are drawn in place.

    Only here: a notebook does not know where its page lies. A page that is not in the report stays words.
    """
    from markupsafe import Markup

    linked = drawn(str(content))  # the escaping kind of text would escape the link
    for name in lists:
        linked = linked.replace(f">{name}</td>", f'><a href="{name}">{name}</a></td>')
    for name, file in files.items():
        linked = re.sub(
            rf'<span data-page="{re.escape(name)}">(.*?)</span>', rf'<a href="{file}">\1</a>', linked
        )
    return Markup(linked)


def _month(month: str) -> str:
    """
    >>> _month("2026-10")
    'October 2026'
    """
    return date.fromisoformat(f"{month}-01").strftime("%B %Y")


def _content(executed: "NotebookNode", lacks: frozenset[str]) -> "tuple[str, list[Heading]]":
    """The cells of a notebook as HTML, and the headings among them."""
    from copy import deepcopy

    from markupsafe import Markup

    notebook = deepcopy(executed)
    cells = folding.a_heading_a_cell(_as_far_as_it_ran(notebook))
    notebook.cells = list(folding.that_apply(cells, lacks))
    _gather_code(notebook)
    headings: list[Heading] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.metadata["html"] = _with_ids(_markdown(cell.source), headings)
    notebook.cells = folding.in_reading_order(notebook.cells)
    html, _ = _exporter().from_notebook_node(notebook)
    return Markup(html), [heading for heading in headings if f' id="{heading.id}"' in html]


def _as_far_as_it_ran(notebook: "NotebookNode") -> "list[NotebookNode]":
    """Nothing after a step that did not work: it would be words about numbers that are missing."""
    shown = []
    for cell in notebook.cells:
        if cell.cell_type == "raw":
            continue
        shown.append(cell)
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed or cell.execution_count is None:
            break
    return shown


def _gather_code(notebook: "NotebookNode") -> None:
    """One disclosure a section instead of one a cell: its last code cell carries the code of all.

    A section that shows nothing, such as the imports, hands its code on to the next. Parameters stay out:
    they name folders of this machine, and the header says the month.
    """
    code: list[str] = []
    last: NotebookNode | None = None
    shown = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^#{1,6} ", cell.source, re.MULTILINE):
            if shown and last is not None:
                last.metadata["code"] = "\n\n".join(code)
                code = []
            last, shown = None, False
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and not tags & {"parameters", "injected-parameters"}:
            code.append(cell.source)
            last, shown = cell, shown or bool(cell.outputs)
    if last is not None:
        last.metadata["code"] = "\n\n".join(code)


def _with_ids(html: str, headings: list[Heading]) -> str:
    """Give every heading of the second and third level an id of its own, and add it to the list.

    Works on HTML in which nobody but the renderer makes tags.
    """

    def identified(match: re.Match[str]) -> str:
        level, inner = match[1], match[2]
        text = re.sub(r"<[^>]*>", "", inner).strip() or "Section"
        slug = re.sub(r"\W+", "-", re.sub(r"&\w+;", "", text).lower()).strip("-") or "section"
        taken = {heading.id for heading in headings} | {"content"}
        unique = next(
            name
            for name in (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 3)))
            if name not in taken
        )
        headings.append(Heading(int(level), unique, text))
        return f'<h{level} id="{unique}">{inner}</h{level}>'

    return re.sub(r"<h([23])>(.*?)</h\1>", identified, html, flags=re.DOTALL)


def _markdown(source: str) -> str:
    """The notebook's own words. HTML in them is shown, not followed; so are links that run something."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
    return str(MarkdownWithMath(renderer=renderer).render(source))


@cache
def _exporter() -> "TemplateExporter":
    """nbconvert with our template; made once, as making it takes longer than using it."""
    notebooks.skip_slow_grammar()
    from nbconvert.exporters import TemplateExporter
    from traitlets.config import Config

    config = Config()
    config.NbConvertBase.display_data_priority = [
        "text/html",
        "image/svg+xml",
        "text/markdown",
        "text/plain",
    ]
    exporter = TemplateExporter(
        config=config,
        template_name=HERE.name,
        template_file="content.html.j2",
        extra_template_basedirs=[str(HERE.parent)],
    )
    exporter.environment.tests["folded"] = folding.is_folded
    exporter.environment.filters["caption"] = folding.caption
    exporter.environment.filters["without_style"] = without_style
    return exporter


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html.j2")


@cache
def stylesheet() -> str:
    """The style of every page."""
    from markupsafe import Markup

    return Markup((HERE / "page.css").read_text(encoding="utf-8"))
