"""What customers wrote: masked, quoted as text, put into themes that can be checked, in several languages."""

import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader import Reader

from retention_helpers import churn_reasons
from retention_helpers.churn_reasons import Period, features, quotes, topics
from retention_helpers.churn_reasons.features import features_of
from retention_helpers.shown.tables import Quotation, table
from retention_helpers.win_back_and_loyalty.nps import to_call
from retention_helpers.words.phrases import PhraseLists, frequent, normal
from retention_helpers.words.quotations import MOST_LETTERS, masked, quoted, readable, unsigned
from retention_helpers.words.themes import THEMES, lists_of, theme_lists, themes_of

LABELLED = Path(__file__).parent / "reference" / "comments.csv"
MARCH = Period(dt.date(2026, 3, 1), dt.date(2026, 3, 1), 1)


def lost(*comments: tuple[str | None, str | None, int]) -> pd.DataFrame:
    """Customers lost in March from (comment, reason, mrr)."""
    rows = pd.DataFrame(comments, columns=["comment", "reason", "mrr"])
    return rows.assign(
        customer_id=[f"C-{nth}" for nth in range(len(rows))], month=pd.Timestamp("2026-03-01"),
        lost_on=dt.date(2026, 3, 5), plan="solo", mrr=[Decimal(mrr) for mrr in rows["mrr"]],
    )  # fmt: skip


# --- masking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Too dear. Ada King", "Too dear. [name]"),
        ("Too dear, best, Ada", "Too dear, best, [name]"),
        ("Too dear – Ada K.", "Too dear – [name]."),
        ("I, ada  king, want my money back", "I, [name], want my money back"),
        ("We Kings pay the king nothing", "We Kings pay the king nothing"),
        ("Adage", "Adage"),
        ("", ""),
    ],
)
def test_a_customers_own_name_is_masked_where_they_sign(text: str, shown: str) -> None:
    """Whole anywhere, in parts at the end alone; as capitals and blanks may have it."""
    assert unsigned(text, ["Ada King"]) == shown
    assert unsigned(text, []) == text


def test_signatures_reach_no_page(opened: Any) -> None:
    """First and last name of two columns, in a reason and in an answer to the question of the NPS."""
    people = [
        {"customer_id": f"C-{n}", "signed_up_at": "2026-01-01", "first_name": "Ada", "lastName": "King"}
        for n in range(2)
    ]
    spans = [("C-0", "2026-01-05", "2026-03-10", 20), ("C-1", "2026-01-05", "", 20)]
    left = [("C-0", "2026-03-01", "other", "voluntary", "Too dear. Yours, Ada King")]
    answers = [("C-1", "2026-03-20", 2, "Slow. Ada, ada@example.com"), ("C-1", "2026-02-01", 1, "")]
    with opened(spans, customers=people, cancellations=left, nps=answers) as business:
        said = churn_reasons.comments(churn_reasons.losses(business), MARCH)
        called = to_call(business)
    assert list(said["quote"]) == ["Too dear. Yours, [name]"]
    assert list(called["comment"]) == ["Slow. [name], [e-mail address]"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail ada.b+x@sub.example.co.uk!", "mail [e-mail address]!"),
        ("ada (at) example (dot) com", "[e-mail address]"),
        ("ada＠example．com", "[e-mail address]"),
        ("write to ada at example dot com", "write to [e-mail address]"),
        ("030.123.456", "[phone number]"),
        ("ada@例子.中国 谢谢", "[e-mail address] 谢谢"),
        ("call +49 30 1234567", "call [phone number]"),
        ("(555) 123-4567 after six", "[phone number] after six"),
        ("Tel. 030/1234567-12", "Tel. [phone number]"),
        ("电话13812345678，谢谢", "电话[phone number]，谢谢"),
        ("１３８１２３４５６７８", "[phone number]"),
        ("٠٥٠١٢٣٤٥٦٧", "[phone number]"),
        ("my card 4111 1111 1111 1111", "my card [card number]"),
        ("4111-1111-1111-1112", "[number]"),
        ("IBAN DE89 3704 0044 0532 0130 00 bitte", "IBAN [account number] bitte"),
        ("order 123456789012345678901234567890123456789", "order [number]"),
    ],
)
def test_addresses_and_numbers_are_masked(text: str, shown: str) -> None:
    """In the ways in which people write them, in their own digits too."""
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "since 2026-03-05, or 5.3.2026, or 03/05/2026",
        "EUR 1.250.000 or 1,250,000",
        "from 2024 to 2025",
        "in 2 days, for 14 people, 99.95 a month",
        "123456 rows",
        "a@b and @home",
        "we look at dot plots at work",
    ],
)
def test_days_amounts_and_counts_are_left(text: str) -> None:
    """What is no address and no number of a person stays."""
    assert masked(text) == text


@given(st.text(max_size=300))
def test_masking_is_final_and_leaves_no_address(text: str) -> None:
    """Whatever is written: once masked, nothing more is to be masked, and no plain address stands there."""
    once = masked(text)
    assert masked(once) == once
    assert not re.search(r"[a-z0-9]@[a-z0-9]+\.[a-z]{2,}", once)


@pytest.mark.parametrize(
    "text",
    ["a" * 10_000, "1 " * 5_000, "@" * 10_000, "1.1" * 3_333, "a.b" * 3_333 + "@", "x [at] " * 1_400,
     "DE12 " * 2_000, "(" * 10_000, "- " * 5_000, "太贵了" * 3_333, "too expensive " * 714, "1" * 10_000],
)  # fmt: skip
def test_ten_thousand_letters_are_no_trouble(text: str) -> None:
    """They are cut, the cut is said, and neither masking nor themes take long (10 s would be a fault)."""
    shown = quoted(text)
    assert len(shown) < MOST_LETTERS + 40
    assert shown == readable(text) or shown.endswith(" letters more)")
    themes_of(readable(text))


# --- quotations ------------------------------------------------------------------------------------

HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "markdown": "# **bold** [a](javascript:alert(1)) `code` | cell |",
    "formula": '=HYPERLINK("http://example.com","x")',
    "other formula": "＝1+1, @SUM(A1), -2+3, +1",
    "end of table": "</td></tr></table><h1>big</h1>",
    "right to left": "مرحبا، السعر مرتفع جدا",
    "override": "abc \u202e!gnp.exe \u2066 x \u200b y",
    "emoji": "👩‍💻 too expensive 😡😡",
    "combining": "Z̷a̷l̷g̷o̷ " * 3,
    "control": "a\x00b\x07c\x1bd\u2028e\r\nf",
    "blank": " \u00a0\u3000 ",
    "long": "<b>word</b> " * 1_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_comment_is_text_in_tables_and_quotations(kind: str) -> None:
    """No tag of theirs, no sign that turns a line around, one line; the joiners of emoji stay."""
    comments = churn_reasons.comments(lost((HOSTILE[kind], "missing_feature", 10)), MARCH)
    latest = quotes.latest(comments)
    read = Reader(table(latest, "c")._repr_html_())
    assert read.tags == {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    if kind == "blank":
        assert comments.empty
        return
    (quote,) = latest["quote"]
    assert quote in read.texts
    assert Reader(Quotation(quote)._repr_html_()).tags == {"blockquote"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x1f\u2028]", quote)
    assert kind != "emoji" or "👩‍💻" in quote
    asked = features.requests(comments)
    assert Reader(table(asked, "c")._repr_html_()).tags == read.tags
    topics.themes(comments), topics.frequent_phrases(comments)


def test_a_comment_without_a_reason_is_a_comment() -> None:
    """The latest first; those who wrote nothing have no row."""
    rows = churn_reasons.comments(
        lost(("Great, thanks", None, 10), (None, "other", 10), ("", "other", 10)), MARCH
    )
    assert rows["comment"].tolist() == ["Great, thanks"]
    assert rows["reason"].isna().all()


# --- phrases ---------------------------------------------------------------------------------------

LISTS = PhraseLists(
    {"price": {"en": ["expensive", "cost* too much", "no budget"], "zh": ["太贵", "没有 .. 钱"]},
     "support": {"en": ["support"]}},
    denials=["not", "no", "不", "没有"], praise=["great", "很好"], praised="support",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Too EXPENSIVE!", ["expensive"]),
        ("expensively", []),
        ("It costs too much", ["cost* too much"]),
        ("not too expensive", []),
        ("I would not. Expensive!", ["expensive"]),
        ("We have no budget", ["no budget"]),
        ("太贵了", ["太贵"]),
        ("不太贵", []),
        ("我们没有那么多钱", ["没有 .. 钱"]),
        ("太贵expensive太贵", ["太贵", "expensive", "太贵"]),
        ("great support", []),
        ("support was not great", []),
        ("support never wrote", ["support"]),
        ("", []),
    ],
)
def test_phrases_are_found_in_words_and_signs(text: str, found: list[str]) -> None:
    """Whole words, any ending, gaps, denials in the same clause, praise; Chinese without blanks."""
    assert [one.phrase for one in LISTS.found(text)] == found


def test_accents_case_and_forms_do_not_matter() -> None:
    """Full-width, decomposed and curly signs are the same to it."""
    assert normal("Déçu – ｆｕｌｌ width, don’t") == "decu | full width | don't"
    assert normal("De\u0301c\u0327u") == "decu"


def test_every_listed_phrase_finds_itself() -> None:
    """A phrase of the lists that could never match would be a promise not kept."""
    listed = lists_of(THEMES)["themes"]
    lost_ones = [
        (theme, phrase)
        for theme, languages in listed.items()
        for phrases in languages.values()
        for phrase in phrases
        if theme not in themes_of(phrase.replace(" .. ", " ").replace("*", ""))
    ]
    assert lost_ones == []


def test_frequent_phrases_are_counted_once_a_comment() -> None:
    """The longest of those that come as often; common words and what comes seldom are none."""
    texts = [
        "We need time tracking, time tracking!",
        "Time tracking please",
        "no time tracking",
        "something else",
    ]
    assert frequent(texts, at_least=3, most=5, ignored=["we", "no"]) == Counter({"time tracking": 3})
    chinese = ["界面太复杂了", "太复杂了，学不会", "真的太复杂了"]
    assert frequent(chinese, at_least=3, most=5) == Counter({"太复杂了": 3})


def test_no_piece_of_a_word_is_a_phrase() -> None:
    """What always has the same neighbour is a piece of a longer one; an ending in hiragana says nothing."""
    japanese = ["使わなくなりました", "機能がありませんでした", "高くなりました", "必要なくなりました"]
    assert frequent(japanese, at_least=3, most=9) == Counter()
    chinese = ["导出功能不好用", "没有导出功能", "希望有导出功能吗", "导出很慢"]
    found = frequent(chinese, at_least=3, most=9)
    assert found == Counter({"导出": 4, "导出功能": 3})


def test_answers_in_other_words_are_proposed_a_reason() -> None:
    """By their own phrases, else by those of most of the comments beside them; never by guess."""
    for words, reason in {
        "zu teuer": "too_expensive", "Fehlende Funktionen": "missing_feature", "trop cher": "too_expensive",
        "pas assez utilisé": "not_using_enough", "demasiado caro": "too_expensive", "太贵了": "too_expensive",
        "高すぎる": "too_expensive", "使わなくなった": "not_using_enough",
        "機能が足りない": "missing_feature",
        "サポートが悪い": "poor_support", "not too expensive": None, "R-17": None, "": None,
    }.items():  # fmt: skip
        assert topics.proposed_reason(words, []) == reason, words
    assert topics.proposed_reason("R-17", ["zu teuer", "trop cher", "hello"]) == "too_expensive"
    assert topics.proposed_reason("R-17", ["zu teuer", "support never answered"]) is None
    assert topics.proposed_reason("R-17", ["too expensive, and support never answered"]) is None


@given(st.lists(st.text(max_size=60), max_size=8))
def test_frequent_phrases_stand_in_so_many_texts(texts: list[str]) -> None:
    """Never more texts than there are, and never fewer than asked for."""
    found = frequent(texts, at_least=2, most=10)
    assert all(2 <= many <= len(texts) for many in found.values())


# --- themes ----------------------------------------------------------------------------------------


def test_a_comment_may_have_several_themes_and_the_rest_is_shown() -> None:
    """Counts, shares of the comments, MRR, and the phrases with their counts; no theme stands last."""
    comments = churn_reasons.comments(
        lost(
            ("Too expensive, and it crashed", "too_expensive", 30), ("太贵了", None, 20), ("Hello.", None, 5)
        ),
        MARCH,
    )
    rows = topics.themes(comments).set_index("theme")
    assert list(rows.index) == ["price", "reliability", "no_theme"]
    assert rows["comments"].tolist() == [2, 1, 1]
    assert rows.loc["price", ["written", "mrr_lost", "phrases"]].tolist() == [
        3,
        Decimal(50),
        "expensive (1), 太贵 (1)",
    ]
    assert rows.loc["price", "share"] == 2 / 3


def labelled(languages: Iterable[str] = ()) -> list[dict[str, str]]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if not languages or row["language"] in languages]


def score(rows: list[dict[str, str]]) -> tuple[int, int, int]:
    """(themes found rightly, themes found, themes labelled)."""
    right = found = wanted = 0
    for row in rows:
        own, label = set(themes_of(row["comment"])), set(filter(None, row["themes"].split(";")))
        right, found, wanted = right + len(own & label), found + len(own), wanted + len(label)
    return right, found, wanted


def test_the_score_on_a_hundred_labelled_comments_is_the_documented_one() -> None:
    """
    A hundred comments, thirty of them Chinese, labelled by hand before the lists were written. The glossary
    states how many of the themes found are right, and how many of those labelled are found.
    """
    glossary = (LABELLED.parents[3] / "GLOSSARY.md").read_text(encoding="utf-8")
    assert len(labelled()) == 100 and len(labelled(["zh"])) == 30
    assert {theme for row in labelled() for theme in filter(None, row["themes"].split(";"))} == set(
        theme_lists().names
    )
    for languages in ((), ("zh",), ("en",)):
        right, found, wanted = score(labelled(languages))
        assert f"{right} of {found} themes found are right, {right} of {wanted} are found" in glossary
        assert right / found > 0.9 and right / wanted > 0.7


UNSEEN = LABELLED.with_name("comments_unseen.csv")


def test_the_score_on_comments_that_the_lists_never_saw_is_the_documented_one() -> None:
    """Sixty comments, written and labelled after the lists; the lists are never amended by them."""
    glossary = (LABELLED.parents[3] / "GLOSSARY.md").read_text(encoding="utf-8")
    with UNSEEN.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and not {row["comment"] for row in rows} & {row["comment"] for row in labelled()}
    for languages in (("zh",), ("en",), {row["language"] for row in rows}):
        right, found, wanted = score([row for row in rows if row["language"] in languages])
        assert f"{right} of {found} themes found are right, {right} of {wanted} are found" in glossary


# --- requested features ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "features"),
    [
        ("Please add time tracking, and an Android app", ["time tracking", "mobile app"]),
        ("Uns fehlt die Zeiterfassung.", ["time tracking"]),
        ("没有时间记录功能", ["time tracking"]),
        ("不能批量导入客户资料", ["bulk actions", "imports"]),
        ("We need a seating plan and some salt.", ["“seating plan”"]),
        ("Es fehlt ein Sitzplan, leider.", ["“sitzplan”"]),
        ("Il manque un plan de table", ["“plan de table”"]),
        ("缺少座位图", ["“座位图”"]),
        ("It is just not for us", []),
    ],
)
def test_what_is_asked_for(comment: str, features: list[str]) -> None:
    """By the name of the list, or in the customer's own words."""
    assert features_of(comment) == features


def test_requests_are_ranked_by_customers_then_mrr() -> None:
    """Who names the price asks for nothing, whatever words stand there; a quote stands beside each."""
    comments = churn_reasons.comments(
        lost(
            ("Please add time tracking", "missing_feature", 10),
            ("time tracking, dark mode", "missing_feature", 20),
            ("It crashed", "missing_feature", 5),
            ("Your calendar is lovely", "too_expensive", 99),
        ),
        MARCH,
    )
    rows = features.requests(comments)
    assert rows[["feature", "customers", "mrr_lost"]].values.tolist() == [
        ["time tracking", 2, Decimal(30)],
        ["dark mode", 1, Decimal(20)],
        ["(no feature named)", 1, Decimal(5)],
    ]
    assert rows["quote"].tolist() == ["Please add time tracking", "time tracking, dark mode", "It crashed"]
