"""Figures: drawn twice as text and named colours, with words; the same table makes the same picture."""

import datetime as dt
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest

from retention_helpers.measurement import cohorts, days_of_loss, measures
from retention_helpers.report import pages
from retention_helpers.shown import figures
from retention_helpers.shown.figures import Figure, colours, dots, svg, triangles
from retention_helpers.shown.figures.canvas import NARROW, WIDE
from retention_helpers.shown.figures.effects import ARM_COLOURS
from retention_helpers.shown.figures.svg import GROUND
from retention_helpers.statistics.intervals import with_rate

NAMED_COLOUR = re.compile(r"var\(--figure-\w+,#[0-9a-f]{6}\)")


def churn_frame(*months: tuple[int, int]) -> pd.DataFrame:
    """A churn table from (lost, customers at start), up to March 2026."""
    frame = pd.DataFrame(months, columns=["lost", "customers_at_start"])
    days = pd.date_range(end="2026-03-01", periods=len(months), freq="MS")
    return with_rate(frame.assign(month=days), "churn_rate", "lost", "customers_at_start")


def levels_frame(*levels: tuple[str, int, int, str]) -> pd.DataFrame:
    """A table of levels from (level, lost, customers at start, verdict)."""
    frame = pd.DataFrame(levels, columns=["level", "lost", "customers_at_start", "verdict"])
    whole = frame.astype({"lost": "int64", "customers_at_start": "int64"})
    return with_rate(whole.assign(by="plan"), "churn_rate", "lost", "customers_at_start")


def triangle_frame(rows: list[tuple[str, int, int, int, bool]]) -> pd.DataFrame:
    """A triangle from (cohort, k, size, retained, final)."""
    frame = pd.DataFrame(rows, columns=["cohort", "k", "size", "retained", "final"])
    frame = frame.assign(cohort=pd.to_datetime(frame["cohort"]))
    return with_rate(frame, "rate", "retained", "size")


def movement_frame(*months: tuple[int, int]) -> pd.DataFrame:
    """A movement table from (new, lost)."""
    days = pd.date_range(end="2026-03-01", periods=len(months), freq="MS")
    return pd.DataFrame(months, columns=["new", "lost"]).assign(month=days)


def days_frame(*days: tuple[int, int, int]) -> pd.DataFrame:
    """Losses by day from (day, lost, on a renewal day); of every loss it is known whether."""
    frame = pd.DataFrame(days, columns=["day", "lost", "on_renewal_day"])
    return frame.assign(renewal_known=frame["lost"])


def fall(start: float, new: float, lost: float, end: float) -> Figure:
    """A month's movement as a waterfall."""
    frame = pd.DataFrame(
        {"month": [pd.Timestamp("2026-03-01")], "a": start, "new": new, "lost": lost, "b": end}
    )
    return figures.waterfall(frame, ends=("a", "b"), gains=["new"], losses=["lost"], title="Customers")


def movement(frame: pd.DataFrame) -> Figure:
    return figures.movement_by_month(frame, gains=["new"], losses=["lost"], title="Customers")


def score_frame(*quarters: tuple[int, float, float, float]) -> pd.DataFrame:
    """Answers, NPS and its interval of three months each, from January 2026 on."""
    frame = pd.DataFrame(quarters, columns=["responses", "nps", "nps_low", "nps_high"])
    return frame.assign(month=pd.date_range("2026-01-01", periods=len(frame), freq="3MS"))


NOTES = pd.DataFrame({"happened_on": [dt.date(2026, 3, 9)], "note": ["Price rise"]})

# What is drawn, and the numbers that the words must hold.
DRAWN: dict[str, tuple[Callable[[], Figure], list[str]]] = {
    "churn": (
        lambda: figures.rate_by_month(
            churn_frame((2, 40), (9, 200)), "churn_rate", target=0.05, notes=NOTES
        ),
        ["4.5 %", "5.0 %", "Price rise"],
    ),
    "churn of one month": (lambda: figures.rate_by_month(churn_frame((9, 200)), "churn_rate"), ["4.5 %"]),
    "churn of zero": (
        lambda: figures.rate_by_month(churn_frame((0, 40), (0, 40)), "churn_rate"), ["0.0 %"]
    ),
    "churn with a month of NaN": (
        lambda: figures.rate_by_month(churn_frame((0, 0), (9, 200)), "churn_rate"), ["4.5 %"]
    ),
    "churn of all": (lambda: figures.rate_by_month(churn_frame((3, 3)), "churn_rate"), ["100.0 %"]),
    "NPS over time": (
        lambda: figures.score_over_time(score_frame((20, 5.0, -10.0, 20.0), (40, -12.5, -25.0, 0.0))),
        ["Jan 2026 +5.0 (−10.0 to +20.0), 20 answers", "Apr 2026 −12.5 (−25.0 to ±0.0), 40 answers"],
    ),
    "movement": (lambda: movement(movement_frame((5, 2), (7, 3))), ["new 7", "lost 3"]),
    "movement of one month": (lambda: movement(movement_frame((5, 2))), ["new 5"]),
    "movement of zero": (lambda: movement(movement_frame((0, 0), (0, 0))), ["new 0"]),
    "levels": (
        lambda: figures.rate_by_level(
            levels_frame(("pro", 9, 200, "below the rest"), ("solo", 2, 5, "too few")),
            "churn_rate",
            title="Churn",
        ),
        ["pro 4.5 %", "solo 40.0 %"],
    ),
    "one level": (
        lambda: figures.rate_by_level(
            levels_frame(("pro", 9, 200, "the only one")), "churn_rate", title="Churn"
        ),
        ["4.5 %"],
    ),
    "levels of zero": (
        lambda: figures.rate_by_level(levels_frame(("pro", 0, 200, "too few")), "churn_rate", title="Churn"),
        ["0.0 %"],
    ),
    "waterfall": (lambda: fall(40, 7, 3, 44), ["at the start 40", "new +7", "lost −3", "at the end 44"]),
    "waterfall of a month in which nothing moved": (
        lambda: fall(40, 0, 0, 40), ["at the start 40", "at the end 40"]
    ),
    "waterfall of what is not known": (lambda: fall(40, math.nan, 3, 37), ["lost −3", "Not known: new"]),
    "losses by day": (
        lambda: figures.losses_by_day(days_frame((7, 1, 0), (30, 9, 9), (61, 4, 3), (730, 5, 4))),
        ["19 lost customers", "On a renewal day: 16", "day 30: 9", "5 left after day 400, 4 of them"],
    ),
    "losses of one day": (lambda: figures.losses_by_day(days_frame((7, 1, 0))), ["day 7: 1"]),
    "triangle": (
        lambda: figures.triangle(
            triangle_frame(
                [("2026-01-01", 1, 40, 30, True), ("2026-01-01", 2, 40, 20, True),
                 ("2026-02-01", 1, 20, 20, False)]
            ),
            title="Cohorts",
        ),
        ["40 customers", "50 %", "January 2026"],
    ),
    "triangle of one cell": (
        lambda: figures.triangle(triangle_frame([("2026-01-01", 1, 1, 1, False)]), title="Cohorts"),
        ["1 customer ", "100 %"],
    ),
    "triangle without the first months of a cohort": (
        lambda: figures.triangle(
            triangle_frame([("2024-01-01", 20, 9, 7, True), ("2026-01-01", 1, 40, 30, True)]), title="Cohorts"
        ),
        ["40 customers", "75 %", "January 2026"],
    ),
    "triangle of zero": (
        lambda: figures.triangle(triangle_frame([("2026-01-01", 1, 40, 0, True)]), title="Cohorts"), ["0 %"]
    ),
}  # fmt: skip


def test_there_is_no_picture_of_nothing() -> None:
    """No month with customers, no level, nobody lost: no empty picture."""
    assert figures.rate_by_month(churn_frame((0, 0)), "churn_rate") is None
    assert figures.rate_by_level(levels_frame(), "churn_rate", title="Churn by plan") is None
    assert figures.losses_by_day(days_frame()) is None
    assert figures.score_over_time(score_frame((20, 5.0, -10.0, 20.0))) is None


@pytest.mark.parametrize("cells", [[], [("2020-01-01", 13, 40, 30, True)]])
def test_a_triangle_without_a_cell_to_show_is_no_figure(cells: list[tuple]) -> None:
    """Nobody has reached the first month, or the cells lie beyond the periods that are drawn."""
    assert figures.triangle(triangle_frame(cells), title="Cohorts by month") is None


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_says_in_words_what_it_shows(name: str) -> None:
    """At least twenty characters, with the key numbers; never nan, None or an empty list."""
    draw, numbers = DRAWN[name]
    figure = draw()
    assert len(figure.alt) >= 20
    assert [number for number in numbers if number not in figure.alt] == []
    assert not re.search(r"\bnan\b|\bNone\b|NaT|<NA>|\. \.|: \.|\b1 customers", figure.alt)
    assert figure.alt.endswith(".")


@pytest.mark.parametrize("name", ["churn", "movement", "levels", "losses by day", "triangle"])
def test_the_same_table_gives_the_same_picture(name: str) -> None:
    """Byte for byte."""
    draw, _ = DRAWN[name]
    assert draw() == draw()


@pytest.mark.parametrize("setting", [{"font.size": 25}, {"figure.dpi": 30}, {"axes.facecolor": "red"}])
def test_a_picture_is_drawn_in_the_suites_own_style(setting: dict[str, Any]) -> None:
    """Whatever a notebook set for its own figures."""
    draw, _ = DRAWN["churn"]
    first = draw()
    with mpl.rc_context(setting):
        assert draw() == first


def test_another_table_gives_another_picture() -> None:
    """A number changed is a picture changed, and its words too."""
    one, two = (figures.rate_by_month(churn_frame((2, 40), (n, 200)), "churn_rate") for n in (9, 19))
    assert one.wide != two.wide
    assert one.narrow != two.narrow
    assert one.alt != two.alt


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_drawn_twice_in_real_text_and_colours_of_the_page(name: str) -> None:
    """One drawing a width, of the size it names; no colour without a name, no id, no picture of letters."""
    draw, _ = DRAWN[name]
    figure = draw()
    for drawn, width in ((figure.wide, WIDE), (figure.narrow, NARROW)):
        svg = ElementTree.fromstring(drawn)
        assert svg.get("width") == str(width)
        assert svg.get("viewBox") == f"0 0 {width} {svg.get('height')}"
        assert {element.tag for element in svg.iter()} - {"title"} == {"svg", "path", "text"}
        hints = [path for path in svg.iter("path") if path.get("class") == "hint"]
        assert len(list(svg.iter("title"))) == len(hints) == len(svg.findall("path/title"))
        assert not hints or width == WIDE
        assert [element.get("id") for element in svg.iter() if element.get("id")] == []
        assert any(text.text for text in svg.iter("text"))
        painted = [value for e in svg.iter() for key in ("fill", "stroke") if (value := e.get(key))]
        assert [one for one in painted if one != "none" and not NAMED_COLOUR.fullmatch(one)] == []
        assert not re.search(r"#[0-9a-f]{3,}", NAMED_COLOUR.sub("", drawn.replace(GROUND, "")))
        assert not re.search(r"nan|inf|e-\d", "".join(e.get("d") or "" for e in svg.iter("path")))
    assert figure.wide != figure.narrow


def test_every_colour_is_defined_on_a_page_light_and_dark() -> None:
    """A name that the page does not know would stay as it is in the dark."""
    css = (Path(pages.__file__).parent / "page.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    for name, value in colours.PALETTE.items():
        assert f"--figure-{name}: {value};" in light
        assert f"--figure-{name}: {value};" not in dark
    assert re.findall(r"--figure-(\w+): #", light) == re.findall(r"--figure-(\w+): #", dark)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, two: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


MARKS_ALONE = {"pale", "sky", "mint", "orange"}


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_can_be_seen_and_text_can_be_read(scheme: int) -> None:
    """WCAG 2.2 on the page's ground: 3 to 1 for what is drawn, 4.5 to 1 for text, also on a full cell."""
    css = (Path(pages.__file__).parent / "page.css").read_text(encoding="utf-8")
    root = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    named = dict(re.findall(r"--figure-(\w+): (#[0-9a-f]{6})", root))
    paper = re.findall(r"--paper: (#[0-9a-f]{6})", root)[0]
    del named["line"]  # of a grid, which is no information
    for name, value in named.items():
        assert contrast(value, paper) >= (3 if name in MARKS_ALONE else 4.5), name
    depth = triangles.FULLEST
    mixed = [
        round(
            depth * int(named["blue"][place : place + 2], 16)
            + (1 - depth) * int(paper[place : place + 2], 16)
        )
        for place in (1, 3, 5)
    ]
    assert contrast("#" + "".join(f"{part:02x}" for part in mixed), named["ink"]) >= 4.5


# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0, on linear light.
COLOUR_BLIND = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)
    ),
}  # fmt: skip
TOGETHER = [
    colours.SERIES, ARM_COLOURS, tuple(dict.fromkeys(dots.VERDICTS.values())),
    (colours.BLUE, colours.SKY, colours.RED), (colours.RED, colours.ORANGE, colours.PINK),
]  # fmt: skip
TOLD_APART = 9  # CIE 1976; about 2.3 is just noticed


def lightness_and_hue(colour: str, seen: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """CIELAB under D65, of a colour of sRGB as somebody who is colour-blind sees it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    r, g, b = (min(max(sum(m * v for m, v in zip(row, linear, strict=True)), 0), 1) for row in seen)
    tristimulus = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in tristimulus)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("kind", COLOUR_BLIND)
def test_the_colour_blind_tell_the_colours_of_a_picture_apart(kind: str, scheme: int) -> None:
    """Every two that stand in one picture, on a light and on a dark page."""
    css = (Path(pages.__file__).parent / "page.css").read_text(encoding="utf-8")
    root = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme]
    named = dict(re.findall(r"--figure-(\w+): (#[0-9a-f]{6})", root))
    names = {value: name for name, value in colours.PALETTE.items()}
    for together in TOGETHER:
        seen = {names[one]: lightness_and_hue(named[names[one]], COLOUR_BLIND[kind]) for one in together}
        for (one, first), (other, second) in itertools.combinations(seen.items(), 2):
            assert math.dist(first, second) >= TOLD_APART, (one, other)


@pytest.mark.filterwarnings("error")  # what is written to stderr would stand on the page
@pytest.mark.parametrize(
    "written",
    [
        "</svg><script>x</script>",
        '"><img src=x onerror=x>',
        "&lt;b&gt; $1 to $2",
        "Basic from $49, 20% off: now $39",  # an odd number of dollars
        r"$x_1^{2}$ \frac{1}{ #1 % $",
        "Büro \u200f\u202eABC\u202c אבג",
        "🎉 $ 🚀",
    ],
)
def test_a_name_in_a_picture_is_text(written: str) -> None:
    """A level, a title and a note as the owner wrote them: no tag, no formula, no sign lost."""
    frame = levels_frame((written, 9, 200, "no clear difference"), ("b", 9, 200, "no clear difference"))
    amounts = pd.DataFrame({"who": [written], "a": [9.0], "a_low": [8.0], "a_high": [11.0]})
    note = NOTES.assign(note=written)
    drawn = [
        figures.rate_by_level(frame, "churn_rate", title=written),
        figures.amounts(amounts, "who", "a", title=written, currency="$"),
        figures.rate_by_month(churn_frame((2, 40), (9, 200)), "churn_rate", notes=note),
    ]
    for figure in drawn:
        svgs = [figure.framed] if figure is drawn[-1] else [figure.wide, figure.narrow, figure.framed]
        for one in svgs:
            picture = ElementTree.fromstring(one)
            assert bare(written) in bare("".join(picture.itertext()))
            tags = {element.tag.rpartition("}")[2] for element in picture.iter()}
            assert tags - {"title"} == {"svg", "path", "text"}


def bare(text: str) -> str:
    """Without blanks and line breaks, and without `_`, for which the words of a list have a blank."""
    return "".join(text.replace("_", " ").split())


def test_no_text_is_drawn_as_a_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text of every figure here goes through one pen, which is never told of a formula."""
    told = []
    of_old = svg._Pen.draw_text

    def draw_text(pen: Any, gc: Any, x: float, y: float, s: str, *rest: Any, **named: Any) -> None:
        told.append((s, rest[2] if len(rest) > 2 else named.get("ismath", False)))
        of_old(pen, gc, x, y, s, *rest, **named)

    monkeypatch.setattr(svg._Pen, "draw_text", draw_text)
    for draw, _ in DRAWN.values():
        with mpl.rc_context({"text.parse_math": True}):
            draw()
    assert len(told) > 100
    assert [text for text, is_formula in told if is_formula] == []


def test_a_notebook_has_the_wide_picture_with_its_words_around_it() -> None:
    """Title above, notes below, the drawing unchanged between; what a page needs besides stands beside."""
    figure = DRAWN["churn"][0]()
    data, about = figure._repr_mimebundle_()
    assert data["text/plain"] == about["image/svg+xml"]["alt"] == figure.alt
    framed = ElementTree.fromstring(data["image/svg+xml"])
    texts = [text.text for text in framed if text.tag.endswith("text")]
    assert texts == [figure.title, *figure.below]
    assert figure.wide in data["image/svg+xml"]
    assert about["image/svg+xml"]["narrow"] == figure.narrow


def test_a_note_after_a_month_without_a_rate_is_drawn() -> None:
    """January has a rate, February began without customers, March has one: a note of March is said."""
    frame = churn_frame((1, 10), (0, 0), (1, 10))
    figure = figures.rate_by_month(frame, "churn_rate", notes=NOTES)
    assert "Price rise" in figure.alt


def test_notes_outside_the_months_shown_are_left_out() -> None:
    """A note of the year before has no place."""
    notes = pd.DataFrame({"happened_on": [dt.date(2025, 3, 9)], "note": ["Launch"]})
    assert "Launch" not in figures.rate_by_month(churn_frame((1, 10)), "churn_rate", notes=notes).alt


def test_every_figure_draws_the_tables_of_a_business_that_began_anew(opened: Any) -> None:
    """A report month that began without customers: the tables of the measures, as they are."""
    with opened([("A", "2025-12-10", "2026-01-05", 10), ("B", "2026-03-05", "", 10)]) as business:
        drawn = [
            figures.rate_by_month(measures.customer_churn(business), "churn_rate"),
            movement(measures.customer_movement(business)),
            figures.rate_by_level(measures.churn_by(business), "churn_rate", title="Churn by plan"),
            figures.losses_by_day(days_of_loss.losses_by_day(business)),
            figures.triangle(cohorts.calendar_triangle(business), title="Calendar clock"),
            figures.triangle(cohorts.anniversary_triangle(business), title="Anniversary clock"),
        ]
    assert [one.alt for one in drawn if one and (len(one.alt) < 20 or "nan" in one.alt)] == []


@pytest.mark.parametrize(
    ("more_is_good", "below"),
    [
        (False, "Orange: above the rest; green: below the rest."),
        (True, "Green: above the rest; orange: below the rest."),
    ],
)
def test_orange_is_what_is_worse(more_is_good: bool, below: str) -> None:
    rows = pd.DataFrame(
        {
            "by": "country", "level": ["DE", "AT"], "matured": 100, "converted": [0.8, 0.5],
            "converted_low": [0.7, 0.4], "converted_high": [0.9, 0.6],
            "verdict": ["above the rest", "below the rest"],
        }
    )  # fmt: skip
    drawn = figures.rate_by_level(
        rows, "converted", title="Converted", base="matured", more_is_good=more_is_good
    )
    assert drawn is not None and drawn.below == (below,)
    dear = rows.assign(
        customers=100, **{f"revenue_12{end}": rows[f"converted{end}"] for end in ("", "_low", "_high")}
    )
    worth = figures.worth_by_level(dear)
    assert worth is not None and worth.below == ("Green: above the rest; orange: below the rest.",)


def hints_of(figure: Figure | None) -> list[str]:
    """What a picture says where a hand rests on it."""
    assert figure
    svg = ElementTree.fromstring(figure.wide)
    return [str(title.text) for title in svg.iter("title")]


def test_where_a_hand_rests_value_interval_and_n_are_told() -> None:
    """Month by month and cell by cell; 20 of 200 and 30 of 40 by Wilson's formula."""
    churn = hints_of(figures.rate_by_month(churn_frame((2, 40), (20, 200)), "churn_rate"))
    assert churn == ["Feb 2026: 5.0 % (1.4–16.5 %), n = 40", "Mar 2026: 10.0 % (6.6–14.9 %), n = 200"]
    cells = triangle_frame([("2026-01-01", 1, 40, 30, True), ("2026-01-01", 2, 40, 20, False)])
    assert hints_of(figures.triangle(cells, title="Still there"))[0] == (
        "Jan 2026, month 1: 75.0 % (59.8–85.8 %), n = 40"
    )
    moved = figures.movement_by_month(movement_frame((5, 3)), gains=["new"], losses=["lost"], title="Moved")
    assert hints_of(moved) == ["Mar 2026: new 5, lost 3"]
    ahead = {"month": pd.to_datetime(["2026-03-01"]), "customers": 40, "customers_low": 30.4}
    fan = figures.outlook(pd.DataFrame({**ahead, "customers_high": 50, "still_here": 33.0,
                                        "still_here_low": 20, "still_here_high": 38}))  # fmt: skip
    assert hints_of(fan) == ["Mar 2026: with newcomers 40 (30–50); of today's customers 33 (20–38)"]
    asked = figures.score_over_time(score_frame((20, 5.0, -10.0, 20.0), (40, -12.5, -25.0, 0.0)))
    assert hints_of(asked)[0].endswith("+5.0 (−10.0 to +20.0), 20 answers")


def test_a_name_where_a_hand_rests_is_text() -> None:
    """A plan may be called as its owner likes."""
    rows = [(0.0, 40, 0, 1.0), (1.0, 40, 4, 0.9)]
    curve = pd.DataFrame(rows, columns=["months", "at_risk", "lost", "survival"])
    curve = curve.assign(survival_low=curve["survival"], survival_high=curve["survival"])
    parts = [curve.assign(level=level) for level in ("<script>", "pro & more")]
    told = hints_of(figures.survival_by_level(pd.concat(parts), title="Stay"))
    assert "<script>: 90.0 %" in told[1] and "pro & more: 90.0 %" in told[1]
