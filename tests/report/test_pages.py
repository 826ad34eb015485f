"""The pages: nothing on them runs or loads, whatever a customer wrote; and they are fit to be read."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from retention_helpers.report import pages

PAYLOADS = (
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "<svg onload=\"document.title='taken'\"></svg>",
    "<iframe srcdoc=\"<script>parent.document.title='taken'</script>\"></iframe>",
    "</title></style></pre></main><script>document.title = 'taken'</script>",
    "<a href=\"javascript:document.title='taken'\">click</a>",
    "[click](javascript:document.title='taken')",
    "<link rel=stylesheet href=http://outside.example/a.css>",
    "![pixel](http://outside.example/pixel.png)",
    "<meta http-equiv=refresh content='0;url=http://outside.example/'>",
    "<form action=http://outside.example/><button>go</button></form>",
    '" onmouseover="document.title=\'taken\'" x="',
    "<style>@import 'http://outside.example/b.css'</style>",
)


DRAWN = (
    '<svg class="{0}" width="{1}" height="90" viewBox="0 0 {1} 90" font-size="11.3" '
    'fill="var(--figure-ink,#22262c)" style="background:var(--figure-ground,#fff)">'
    '<path fill="var(--figure-blue,#0068a6)" d="M9 9h90v40z"/><text x="9" y="70">Oct 2026</text></svg>'
)
FRAMED = f'<svg xmlns="http://www.w3.org/2000/svg">{DRAWN.format("wide", 672)}<text>Churn</text></svg>'


def about_figure(words: str = "Churn by month: 4.8 % in October 2026.", **other: object) -> dict[str, Any]:
    return {"image/svg+xml": {"title": "Churn", "alt": words, "narrow": DRAWN.format("narrow", 330)} | other}


def ran(source: str, *outputs: NotebookNode, tags: tuple[str, ...] = ()) -> NotebookNode:
    return new_code_cell(
        source, execution_count=1, outputs=list(outputs), metadata={"tags": list(tags)} if tags else {}
    )


def shown(mime: str, content: str, metadata: dict[str, Any] | None = None) -> NotebookNode:
    data = {mime: content, "text/plain": "in words"}
    return new_output("display_data", data=data, metadata=metadata or {})


def table(classes: str = "", columns: int = 4) -> str:
    head = "".join(f'<th scope="col" class="number">Month {n}</th>' for n in range(columns))
    cells = "".join(f'<td class="number" data-label="Month {n}">{n} %</td>' for n in range(columns))
    verdicts = "".join(
        f'<td data-label="Verdict"><span class="verdict verdict-{kind}">{kind}</span></td>'
        for kind in ("good", "bad", "open")
    )
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="Churn {classes}{columns}">'
        f'<table class="{classes}"><caption>Churn</caption><thead><tr><th scope="col">Plan</th>{head}'
        + "".join(f'<th scope="col">Verdict {n}</th>' for n in range(3))
        + f'</tr></thead><tbody><tr><th scope="row">basic</th>{cells}{verdicts}</tr></tbody></table></div>'
    )


def everything() -> NotebookNode:
    """A notebook with every kind of output that a notebook of ours has."""
    return new_notebook(
        cells=[
            new_markdown_cell("# How many stay?\n\nOne `number` a *month*."),
            ran('data: str = "/home/me/secret"', tags=("parameters",)),
            ran('data = "/home/me/secret"', tags=("injected-parameters",)),
            ran("import helpers"),
            new_markdown_cell("## Churn & co\n\nThe share that left.\n\n- one\n- two\n\n### By plan"),
            ran("show(1)", shown("text/html", table("answers"))),
            ran("show(2)", shown("text/html", table(columns=30))),
            ran(
                "show(3)",
                shown("image/svg+xml", FRAMED, about_figure(below=["1 Price rise"])),
                shown("text/html", '<p class="finding">No clear change.</p>'),
                shown("text/html", '<div class="warning" role="note"><p>Mind this.</p></div>'),
                shown("text/html", '<blockquote class="quote">Too dear.</blockquote>'),
            ),
            new_markdown_cell("### By plan"),
            ran("show(4)", new_output("stream", name="stdout", text="a line\n" + "w" * 400)),
            ran("show(5)", new_output("stream", name="stderr", text="DeprecationWarning: gone in 9.0")),
            new_markdown_cell("## What this does not show\n\nEverything else."),
        ]
    )


def hostile() -> NotebookNode:
    """The same words wherever a customer's may get to, and a few where only ours are."""
    cells = [new_markdown_cell("# Safe?")]
    for payload in PAYLOADS:
        about = about_figure(payload, title=payload, below=[payload])
        cells += [
            new_markdown_cell(f"## {payload}\n\n{payload}" if payload[0] != "!" else "An image of ours."),
            ran(
                payload,
                shown("text/markdown", payload),
                new_output("stream", name="stdout", text=payload),
                new_output("stream", name="stderr", text=payload),
                new_output("display_data", data={"text/plain": payload}),
                shown("image/svg+xml", FRAMED, about),
            ),
        ]
    return new_notebook(cells=cells)


def edition(*made: pages.Page) -> pages.Edition:
    return pages.Edition(
        "Oak & <b>Ash</b>", "2026-10", "2026-11-01", datetime(2026, 11, 2, 9, tzinfo=UTC), made
    )


def rendered(notebook: NotebookNode, name: str = "measurement", failure: str = "") -> str:
    page = pages.Page(name, "How many stay?", notebook, failure)
    return pages.render(edition(page))[page.file]


def test_a_page_says_whose_and_which_it_is() -> None:
    html = rendered(everything())
    assert '<html lang="en">' in html
    assert "<title>Measurement · October 2026 · Oak &amp; &lt;b&gt;Ash&lt;/b&gt;</title>" in html
    assert (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        in html
    )
    assert '<a href="measurement.html" aria-current="page">Measurement</a>' in html
    assert html.count("Churn by month: 4.8 % in October 2026.") == 1
    assert re.search(r"<figcaption>Churn</figcaption>\s*<div class=\"drawn\" role=\"img\" aria-label=", html)
    assert DRAWN.format("wide", 672) + DRAWN.format("narrow", 330) in html
    assert '<p class="fine">1 Price rise</p>' in html and "xmlns" not in html
    assert len(html) < 60_000


def test_headings_have_ids_of_their_own_and_stand_in_the_contents() -> None:
    html = rendered(everything())
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert ids == ["content", "churn-co", "by-plan", "by-plan-2", "what-this-does-not-show"]
    for name in ids[1:]:
        assert html.count(f'href="#{name}"') == 2, "beside the text, and folded above it"


def test_code_is_folded_once_a_section_and_parameters_stay_out() -> None:
    html = rendered(everything())
    code = re.findall(
        r'<details class="code"><summary>(.*?)</summary>\s*<pre[^>]*><code>(.*?)</code>', html, re.S
    )
    assert code == [
        ("Code", "import helpers\n\nshow(1)\n\nshow(2)\n\nshow(3)"),
        ("Code", "show(4)\n\nshow(5)"),
    ]
    assert "secret" not in html
    assert "DeprecationWarning" not in html and "technical message" in html


def test_markdown_outputs_are_shown_as_the_text_they_are() -> None:
    html = rendered(new_notebook(cells=[ran("x", shown("text/markdown", "**loud** <b>words</b>"))]))
    assert "**loud** &lt;b&gt;words&lt;/b&gt;" in html


def test_a_notebook_that_failed_ends_where_it_failed() -> None:
    error = new_output("error", ename="KeyError", evalue="'mrr'", traceback=["/home/me/lib.py in secret"])
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# How many stay?"),
            ran("1", new_output("stream", name="stdout", text="made before")),
            ran("2", error),
            new_markdown_cell("So the rate rose."),
            new_code_cell("3"),
        ]
    )
    html = rendered(notebook, failure="KeyError: 'mrr'")
    assert "made before" in html and "This page ends here" in html
    assert "KeyError: &#39;mrr&#39;" in html
    assert "secret" not in html and "So the rate rose" not in html


def test_the_index_names_what_failed_and_is_there_without_the_review() -> None:
    fine = pages.Page("measurement", "How many stay?", everything())
    failed = pages.Page("data_quality", "Can I trust them?", None, "it stopped after step 2 of 9")
    made = pages.render(edition(fine, failed))
    assert set(made) == {"index.html", "measurement.html", "data_quality.html"}
    assert "Not everything in this report worked" in made["index.html"]
    assert '<a href="data_quality.html">Data quality</a>: it stopped after step 2 of 9' in made["index.html"]
    assert 'Data quality <span class="failed">failed</span>' in made["measurement.html"]

    review = pages.Page("monthly_review", "What changed?", None, "ValueError: no months")
    index = pages.render(edition(review, fine))["index.html"]
    assert "This page is not complete" in index and "ValueError: no months" in index
    assert '<a href="measurement.html">Measurement</a>: How many stay?' in index


def test_no_page_names_an_outside_address() -> None:
    for html in (rendered(everything()), rendered(everything(), "monthly_review")):
        assert not re.search(r"(?:https?:)?//[a-z]", html[:9000])
        assert not re.search(r"https?://", html)


def test_two_runs_differ_only_in_the_time() -> None:
    assert rendered(everything()) == rendered(everything())


# ------------------------------------------------------------------------------------- in a real browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    review = pages.Page("monthly_review", "What changed?", everything())
    failed = pages.Page("data_quality", "Can I trust them?", everything(), "it stopped")
    unsafe = pages.Page("measurement", "How many stay?", hostile())
    for name, html in pages.render(edition(review, failed, unsafe)).items():
        (made / name).write_text(html, encoding="utf-8")
    return made


def test_hostile_words_neither_run_nor_load(browser: Any, folder: Path) -> None:
    """Without the policy, too: escaping alone has to hold, the policy is the second line."""
    unguarded = folder / "unguarded.html"
    html = (folder / "measurement.html").read_text(encoding="utf-8")
    unguarded.write_text(
        re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html), encoding="utf-8"
    )
    for path in (folder / "measurement.html", unguarded):
        page = browser.new_page()
        answered: list[str] = []
        page.on("response", lambda response, answered=answered: answered.append(response.url))
        page.goto(path.as_uri())
        for link in page.query_selector_all("main a"):
            assert not (link.get_attribute("href") or "").startswith("javascript")
        page.hover("main")
        page.wait_for_timeout(100)
        assert page.title().startswith("Measurement")
        assert [url for url in answered if not url.startswith(("file:", "data:"))] == []
        assert (
            page.query_selector("main :is(script, iframe, form, link, meta, style, img, svg:not(.drawn > *))")
            is None
        )
        handlers = "e => [...e.attributes].some(a => a.name.startsWith('on'))"
        assert page.evaluate(f"[...document.querySelectorAll('*')].filter({handlers}).length") == 0
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_pages_are_fit_to_be_read(browser: Any, folder: Path, width: int, scheme: str) -> None:
    """No fault that axe knows, nothing to scroll sideways, no script."""
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for name in ("index.html", "data_quality.html", "measurement.html"):
        page.goto((folder / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.query_selector("script") is None
        found = Axe().run(page).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == [], name
    page.close()


def test_a_list_beside_the_page_is_one_click_away() -> None:
    """Only a cell that names a list that is there; the same words elsewhere stay words."""
    cell = '<table><tr><td data-label="List">actions/ask_why.csv</td><td>actions/none.csv</td></tr></table>'
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# What now?\n\nSee actions/ask_why.csv"),
            ran("x", shown("text/html", cell)),
        ]
    )
    page = pages.Page("monthly_review", "What now?", notebook)
    made = replace(edition(page), lists=("actions/ask_why.csv",))
    html = pages.render(made)["index.html"]
    assert html.count('href="actions/') == 1
    assert '<td data-label="List"><a href="actions/ask_why.csv">actions/ask_why.csv</a></td>' in html
