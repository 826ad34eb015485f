"""Whether the pages of the sample can be read in the time that an owner has, looked at in a real browser."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from retention_helpers.report import notebooks, pages

MOST_WORDS = {"index": 900, "measurement": 2500, "win_back_and_loyalty": 1500}
MOST_WORDS_IN_ALL = 13_000
MOST_BYTES = 700_000
MOST_SCROLLING_AT_375 = 4
A_MINUTE = 238  # words read silently (Brysbaert 2019)

# Text that is seen without opening anything; what a picture or the navigation says is not counted.
OPEN_WORDS = """() => {
  const seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let words = 0;
  for (let text = seen.nextNode(); text; text = seen.nextNode()) {
    const within = text.parentElement;
    if (within.closest("nav, svg, style, script")) continue;
    const folded = within.closest("details:not([open])");
    if (folded && !(within.closest("summary")?.parentElement === folded
        && !folded.parentElement.closest("details:not([open])"))) continue;
    if (!within.checkVisibility()) continue;
    words += (text.data.match(/\\S+/g) || []).length;
  }
  return words;
}"""

# What does not fit its frame at the present width, and is cut or has to be scrolled sideways.
CUT = """() => [...document.querySelectorAll("main *")].filter(one => {
  const style = getComputedStyle(one);
  return one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 2 && style.display !== "inline"
    && style.overflowX !== "visible" && !one.closest("details:not([open]), pre");
}).map(one => one.tagName + " " + one.textContent.trim().slice(0, 60))"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the committed notebooks, which hold their outputs on the sample."""
    made = tmp_path_factory.mktemp("sample")
    found = tuple(
        pages.Page(path.stem, path.stem, nbformat.read(path, 4)) for path in notebooks.in_reading_order()
    )
    at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    for name, html in pages.render(pages.Edition("Kiebitzplan", "2026-10", "2026-11-01", at, found)).items():
        (made / name).write_text(html, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def opened_pages(browser: Any, report: Path) -> Iterator[dict[str, Any]]:
    found = {}
    for path in sorted(report.glob("*.html")):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(path.as_uri())
        found[path.stem] = page
    yield found
    for page in found.values():
        page.close()


def test_the_pages_are_read_in_an_hour(opened_pages: dict[str, Any]) -> None:
    words = {name: page.evaluate(OPEN_WORDS) for name, page in opened_pages.items()}
    assert {name: words[name] for name, most in MOST_WORDS.items() if words.get(name, 0) > most} == {}
    assert sum(words.values()) <= MOST_WORDS_IN_ALL
    assert sum(words.values()) <= 60 * A_MINUTE


@pytest.mark.parametrize("width", [1280, 768])
def test_nothing_is_cut_or_scrolls_sideways(opened_pages: dict[str, Any], width: int) -> None:
    for name, page in opened_pages.items():
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(CUT) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_nothing_is_cut_on_paper(browser: Any, report: Path) -> None:
    """A4 without its margins is 178 mm wide, 673 px."""
    page = browser.new_page(viewport={"width": 673, "height": 986})
    page.emulate_media(media="print")
    for path in sorted(report.glob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate(CUT) == [], path.stem
        assert page.evaluate("document.documentElement.scrollWidth") <= 673, path.stem
    page.close()


def test_on_a_telephone_few_things_scroll(opened_pages: dict[str, Any]) -> None:
    for name, page in opened_pages.items():
        page.set_viewport_size({"width": 375, "height": 812})
        assert len(page.evaluate(CUT)) <= MOST_SCROLLING_AT_375, name
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, name


@pytest.mark.parametrize(("width", "height", "screens"), [(1280, 800, 1), (375, 812, 2)])
def test_the_first_screen_is_the_answer(
    opened_pages: dict[str, Any], width: int, height: int, screens: int
) -> None:
    """The headline, and the five cards of the monthly review down to the last line, without scrolling."""
    page = opened_pages["index"]
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("scrollTo(0, 0)")
    bottom = "e => Math.max(...[...document.querySelectorAll(e)].map(x => x.getBoundingClientRect().bottom))"
    assert page.evaluate(bottom, ".headline") < height
    assert page.evaluate(bottom, ".card.wide") <= height * screens
    assert page.evaluate("document.querySelectorAll('.card.wide ol > li').length") <= 3
    assert page.evaluate(bottom, ".cards > .card:nth-child(-n + 5)") <= height * screens


def test_the_first_screen_has_room_for_a_larger_business(browser: Any, report: Path) -> None:
    """With thousands of customers the numbers are longer: a line more in the card of churn still fits."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((report / "index.html").as_uri())
    bottom = """() => Math.max(...[...document.querySelectorAll(".cards > .card:nth-child(-n + 5)")]
      .map(one => one.getBoundingClientRect().bottom))"""
    before = page.evaluate(bottom)
    page.evaluate("""() => {
      const last = [...document.querySelectorAll(".cards > .card:nth-child(2) > p")].at(-1);
      last.append(document.createElement("br"), "EUR 293,640");
    }""")
    assert before < page.evaluate(bottom) <= 800
    page.close()


def test_churn_and_what_to_do_are_read_in_45_seconds_and_five_questions_in_75(
    opened_pages: dict[str, Any],
) -> None:
    """What is read from the top; the notes to the picture are looked up."""
    page = opened_pages["index"]
    words = """chosen => [...document.querySelectorAll(chosen)].map(one => {
      const read = one.cloneNode(true);
      read.querySelectorAll("svg, style, details").forEach(part => part.remove());
      return (read.textContent.match(/\\S+/g) || []).length;
    }).reduce((one, other) => one + other, 0)"""
    first = page.evaluate(words, ".headline, .card.wide, .card:nth-of-type(2)")
    assert 60 < first <= A_MINUTE * 45 / 60
    five = page.evaluate(words, ".headline, .card:nth-of-type(-n + 5)")
    assert first < five <= A_MINUTE * 75 / 60


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_no_page_has_a_fault_that_axe_knows(browser: Any, report: Path, width: int, scheme: str) -> None:
    """With everything unfolded; and nothing is loaded from anywhere."""
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in sorted(report.glob("*.html")):
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        found = Axe().run(page).response["violations"]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == [], path.stem
    assert {url for url in asked if not url.startswith(("file:", "data:"))} == set()
    page.close()


def test_no_page_is_heavy(report: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in report.glob("*.html")}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
