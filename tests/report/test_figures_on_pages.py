"""Figures on a page in a browser: one drawing at its true size, text that can be read, light and dark."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_pages import edition

from retention_helpers.report import pages
from retention_helpers.shown import figures
from retention_helpers.statistics.intervals import with_rate

SCREENS = [(375, "light"), (375, "dark"), (768, "light"), (1280, "light"), (1280, "dark")]
SMALLEST = 10  # css pixels


def months(many: int) -> pd.DatetimeIndex:
    return pd.date_range(end="2026-10-01", periods=many, freq="MS")


def churn() -> pd.DataFrame:
    frame = pd.DataFrame({"month": months(24), "lost": [n % 7 + 3 for n in range(24)], "customers": 200})
    return with_rate(frame, "churn_rate", "lost", "customers")


def levels() -> pd.DataFrame:
    verdicts = ["above the rest", "below the rest", "no clear difference", "too few"]
    names = ["a plan with a name that is longer than anybody would ever give to a plan", "team", "solo", "x"]
    frame = pd.DataFrame({"by": "plan", "level": names, "customers_at_start": [900, 300, 400, 5]})
    return with_rate(
        frame.assign(lost=[90, 3, 20, 1], verdict=verdicts), "churn_rate", "lost", "customers_at_start"
    )


def cohorts() -> pd.DataFrame:
    rows = [(month, k, 40, 40 - k) for nth, month in enumerate(months(13)) for k in range(13 - nth)]
    frame = pd.DataFrame(rows, columns=["cohort", "k", "size", "retained"])
    return with_rate(frame.assign(final=frame["k"] < 9), "rate", "retained", "size")


def movement() -> pd.DataFrame:
    return pd.DataFrame({"month": months(1), "first": 423, "new": 30, "lost": 26, "last": 427})


def days() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": [30, 45, 61, 365, 800],
            "lost": [9, 1, 4, 7, 2],
            "renewal_known": [9, 1, 4, 7, 2],
            "on_renewal_day": [9, 0, 4, 6, 1],
        }
    )


DRAWN: list[Callable[[], figures.Figure | None]] = [
    lambda: figures.rate_by_month(churn(), "churn_rate", target=0.05),
    lambda: figures.rate_by_level(levels(), "churn_rate", title="Churn by plan"),
    lambda: figures.triangle(cohorts(), title="Still customers"),
    lambda: figures.losses_by_day(days()),
    lambda: figures.waterfall(
        movement(), ends=("first", "last"), gains=["new"], losses=["lost"], title="Customers"
    ),
]


@pytest.fixture(scope="module")
def page_of_figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = [new_markdown_cell("# How many stay?")]
    for draw in DRAWN:
        figure = draw()
        assert figure
        data, metadata = figure._repr_mimebundle_()
        shown = new_output("display_data", data=data, metadata=metadata)
        cells.append(new_code_cell("x.figure()", execution_count=1, outputs=[shown]))
    page = pages.Page("measurement", "How many stay?", new_notebook(cells=cells))
    path = tmp_path_factory.mktemp("figures") / page.file
    path.write_text(pages.render(edition(page))[page.file], encoding="utf-8")
    return path


def opened(browser: Any, path: Path, width: int, scheme: str) -> Any:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(path.as_uri())
    return page


SHOWN = "[...document.querySelectorAll('.drawn svg')].filter(svg => svg.getBoundingClientRect().width > 0)"


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_one_drawing_is_shown_and_fits(browser: Any, page_of_figures: Path, width: int, scheme: str) -> None:
    """At its true size, no wider than its column, its letters large enough and inside the drawing."""
    page = opened(browser, page_of_figures, width, scheme)
    kinds = page.evaluate(f"{SHOWN}.map(svg => svg.getAttribute('class'))")
    assert kinds == ["narrow" if width == 375 else "wide"] * len(DRAWN)
    sizes = page.evaluate(
        f"{SHOWN}.map(svg => [svg.getBoundingClientRect().width, +svg.getAttribute('width'), "
        "svg.closest('main').clientWidth])"
    )
    assert [size for size in sizes if size[0] != size[1] or size[0] > size[2]] == []
    letters = page.evaluate(
        f"{SHOWN}.flatMap(svg => [...svg.querySelectorAll('text')].map(text => "
        "parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a))"
    )
    assert min(letters) >= SMALLEST
    cut = page.evaluate(
        f"{SHOWN}.flatMap(svg => {{ const out = svg.getBoundingClientRect(); "
        "return [...svg.querySelectorAll('text')].filter(text => { const own = text.getBoundingClientRect(); "
        "return own.left < out.left - 1 || own.right > out.right + 1 || own.top < out.top - 2 "
        "|| own.bottom > out.bottom + 2 }).map(text => text.textContent) })"
    )
    assert cut == []
    page.close()


@pytest.mark.parametrize("width", [375, 1280])
def test_colours_and_letters_are_those_of_the_page(browser: Any, page_of_figures: Path, width: int) -> None:
    """Every colour in the dark is another than in the light; the font is the page's."""
    looks = []
    for scheme in ("light", "dark"):
        page = opened(browser, page_of_figures, width, scheme)
        looks.append(
            page.evaluate(
                f"{SHOWN}.flatMap(svg => [getComputedStyle(svg).backgroundColor, "
                "...[...svg.querySelectorAll('path:not(.hint), text')].map(one => { "
                "const look = getComputedStyle(one); "
                "return look.fill === 'none' ? look.stroke : look.fill })])"
            )
        )
        fonts = page.evaluate(
            f"[...new Set({SHOWN}.map(svg => getComputedStyle(svg).fontFamily)), "
            "getComputedStyle(document.documentElement).fontFamily]"
        )
        assert len(set(fonts)) == 1
        page.close()
    light, dark = looks
    assert len(light) == len(dark) > 100
    assert [pair for pair in zip(light, dark, strict=True) if pair[0] == pair[1]] == []


def test_words_stand_once_for_those_who_do_not_see(browser: Any, page_of_figures: Path) -> None:
    """One image a figure in the tree of a screen reader, with the words; no id occurs twice."""
    page = opened(browser, page_of_figures, 375, "light")
    names = page.evaluate("[...document.querySelectorAll('[role=img]')].map(one => one.ariaLabel)")
    assert [len(name) >= 20 for name in names] == [True] * len(DRAWN)
    html = page_of_figures.read_text(encoding="utf-8")
    assert [html.count(f'aria-label="{name}"') for name in names] == [1] * len(DRAWN)
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))
    page.close()


def test_a_hand_that_rests_on_a_picture_reads_the_value(browser: Any, page_of_figures: Path) -> None:
    """Without a script and under the page's own policy: the browser finds the title, and a frame is drawn."""
    page = opened(browser, page_of_figures, 1280, "light")
    every = page.locator(".drawn svg:visible .hint")
    assert every.count() > 10 and page.query_selector("script") is None
    one = every.last
    one.scroll_into_view_if_needed()
    box = one.bounding_box()
    assert box
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    page.mouse.move(*middle)
    told = page.evaluate("([x, y]) => document.elementFromPoint(x, y).textContent", middle)
    assert told == one.text_content() and ":" in told
    frame = "one => getComputedStyle(one).stroke"
    assert one.evaluate(frame) != every.first.evaluate(frame) == "none"
    page.close()
