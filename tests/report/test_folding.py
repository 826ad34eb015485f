"""What stands open on a page, and what a click opens: a small notebook, and the committed ones."""

import re
from datetime import UTC, datetime

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from retention_helpers.report import notebooks, pages
from retention_helpers.shown.tables import Table, table

TABLE = Table("Left, by plan", ("Plan", "Lost"), (("solo", "3"),), (False, True))


def ran(source: str, html: str = "") -> nbformat.NotebookNode:
    outputs = [new_output("execute_result", {"text/html": html}, execution_count=1)] if html else []
    return new_code_cell(source, execution_count=1, outputs=outputs)


def prose(source: str, *tags: str) -> nbformat.NotebookNode:
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def page_of(*cells: nbformat.NotebookNode, lacks: frozenset[str] = frozenset()) -> str:
    page = pages.Page("measurement", "How many stay?", new_notebook(cells=list(cells)))
    made = datetime(2026, 11, 2, 9, tzinfo=UTC)
    edition = pages.Edition("Oak", "2026-10", "2026-11-01", made, (page,), lacks=lacks)
    html = pages.render(edition)["measurement.html"]
    return html[html.index('<main id="content">') : html.index("</main>")]


def test_the_sentence_comes_before_its_table_and_the_definition_last() -> None:
    html = page_of(
        prose("# How many stay?\n\nFor the owner."),
        prose("## Churn\n\nLost among the customers at the start."),
        ran("churn.table()", TABLE._repr_html_()),
        ran("churn.sentence()", '<p class="finding">Three left.</p>'),
    )
    order = ["For the owner.", ">Churn</h2>", "Three left.", "<summary>Left, by plan</summary>", "solo"]
    order += ["<summary>Definition</summary>", "Lost among the customers", "<summary>Code</summary>"]
    places = [html.index(words) for words in order]
    assert places == sorted(places)
    assert "churn.table()\n\nchurn.sentence()" in html, "the code keeps the order of work"


def test_a_section_for_analysts_ends_where_the_next_one_begins() -> None:
    html = page_of(
        prose("# How many stay?"),
        prose("## Tests\n\nHow they are made.", "analyst"),
        ran("x", '<p class="finding">By the test.</p>'),
        prose("### Deeper"),
        ran("y", '<p class="finding">By another.</p>'),
        prose("## For everybody"),
        ran("z", '<p class="finding">In sight.</p>'),
    )
    inside = re.search(r'<details class="analyst"><summary><h2 id="tests">.*?</summary>(.*)', html, re.S)
    assert inside
    depth, end = 1, 0
    for tag in re.finditer(r"<(/?)details", inside[1]):
        depth += -1 if tag[1] else 1
        if depth == 0:
            end = tag.start()
            break
    assert "How they are made." in inside[1][:end] and "By another." in inside[1][:end]
    assert "For everybody" in inside[1][end:] and "In sight." in inside[1][end:]
    assert html.count("<details") == html.count("</details>")


def test_prose_that_is_meant_to_be_read_stays_in_sight() -> None:
    html = page_of(prose("# How?"), prose("## What to do\n\nThe largest first.", "open"), ran("x"))
    assert "<p>The largest first.</p>" in html and "Definition" not in html


def test_a_section_that_has_nothing_to_show_is_a_line_that_says_why() -> None:
    """At the end of the page, out of its contents; a heading stays where a part of its section speaks."""
    nothing = Table("Themes", ("Theme",), (), (False,))._repr_html_()
    html = page_of(
        prose("# Why?"),
        prose("## In their words\n\nThemes of the comments."),
        ran("themes.table()", nothing),
        ran("themes.sentence()", '<p class="finding">Bring comments, and they are read.</p>'),
        prose("## Reasons"),
        ran("x", nothing),
        ran("y", '<p class="finding">Nobody said why.</p>'),
        prose("### By plan"),
        ran("z", TABLE._repr_html_()),
    )
    assert "None." not in html and ">Themes<" not in html
    assert "<b>In their words</b> Bring comments, and they are read." in html
    assert ">Reasons</h2>" in html and "Nobody said why." in html and "solo" in html
    assert html.index("By plan") < html.index("Nothing to show yet")


def test_a_section_whose_every_row_is_too_few_is_a_line() -> None:
    rows = pd.DataFrame({"plan": ["solo", "team"], "verdict": ["too few", "the only one"]})
    told = rows.assign(verdict=["too few", "differs"])
    said = ran("y", '<p class="finding">Too few answers.</p>')
    html = page_of(prose("# Why?"), prose("## By plan"), ran("x", table(rows, "Plans")._repr_html_()), said)
    assert "<b>By plan</b> Too few answers." in html and "solo" not in html
    html = page_of(prose("# Why?"), prose("## By plan"), ran("x", table(told, "Plans")._repr_html_()), said)
    assert "By plan</h2>" in html and "solo" in html


def test_a_table_that_is_the_answer_stays_open() -> None:
    html = page_of(prose("# How?"), ran("x", Table(**{**vars(TABLE), "is_open": True})._repr_html_()))
    assert "solo" in html and "<summary>" not in html.replace("<summary>Code</summary>", "")


def in_words(html: str) -> str:
    """What is read: a sentence may stand in a line of its own, and a link has an address on the page only.

    The look that a notebook brings along is none of it, nor are pictures: in the card of an answer they are
    drawn in a notebook as an image, on a page as lines and words.
    """
    return re.sub(r"\s+", " ", re.sub(r"<(style|svg).*?</\1>|<[^>]*>", " ", html, flags=re.DOTALL)).strip()


@pytest.mark.parametrize("path", notebooks.in_reading_order(), ids=lambda path: path.stem)
def test_folding_loses_nothing(path) -> None:  # type: ignore[no-untyped-def]
    """Every heading, sentence and table that says something stands on the page, and every fold is closed."""
    notebook = nbformat.read(path, 4)
    html = page_of(*notebook.cells)
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    said = in_words(html)
    assert shown and all(in_words(one) in said for one in shown if 'class="empty"' not in one)
    assert html.count("<details") == html.count("</details>")
    prose_ = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^##+ (.+)", prose_, re.M)
    brings_every_table = {"What the data do not hold"}  # as the sample does: nothing stands under it
    assert {heading for heading in headings if heading not in said} <= brings_every_table


def test_what_a_business_has_not_is_not_spoken_of() -> None:
    """A section is left out with all below it; where only its words are, the heading stays."""
    cells = (
        prose("# How many stay?"),
        prose("## Money\n\nWhat the subscriptions pay.", "words:subscriptions"),
        ran("a", '<p class="finding">In sight.</p>'),
        prose("### Renewals\n\nOf a year.", "subscriptions"),
        ran("b", '<p class="finding">None fell due.</p>'),
        prose("#### Deeper"),
        ran("c", '<p class="finding">Below it.</p>'),
        prose("### Cells"),
        ran("e", '<p class="finding">Who ended it.</p>'),
        ran("f", '<p class="finding">Who left.</p>'),
        prose("### Stages\n\nBy days.", "words:days"),
        prose("By months.", "without:days"),
        ran("d", '<p class="finding">Three stages.</p>'),
    )
    (ended,) = (cell for cell in cells if cell.source == "e")
    ended.metadata["tags"] = ["subscriptions"]
    whole = page_of(*cells)
    assert all(
        words in whole
        for words in ("Who ended it", "Who left", "subscriptions pay", "None fell due", "Below it", "By days")
    )
    assert "By months" not in whole
    shop = page_of(*cells, lacks=frozenset({"subscriptions"}))
    assert ">Money</h2>" in shop and "In sight" in shop and "Three stages" in shop
    assert "Who left" in shop and "Who ended it" not in shop
    for words in ("subscriptions pay", "Renewals", "None fell due", "Deeper", "Below it"):
        assert words not in shop
    months = page_of(*cells, lacks=frozenset({"days"}))
    assert ">Stages</h3>" in months and "By months" in months and "By days" not in months


def test_every_tag_of_a_notebook_is_one_that_pages_know() -> None:
    known = {"analyst", "folded", "open", "parameters"}
    known |= {f"{how}{what}" for how in ("", "words:", "without:") for what in ("subscriptions", "days")}
    for path in notebooks.in_reading_order():
        for cell in nbformat.read(path, as_version=4).cells:
            assert set(cell.metadata.get("tags", [])) <= known, path.name
