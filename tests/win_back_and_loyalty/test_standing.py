"""The standing campaigns: whether half are held out, who is drawn, which mails they get, and the command."""

import csv
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import write_folder

from retention_helpers import shipped, win_back_and_loyalty
from retention_helpers.__main__ import main
from retention_helpers.business import Business, open_business
from retention_helpers.business.opening import ENDS_BEFORE
from retention_helpers.plan.deciding import decide
from retention_helpers.shown.proposals import proposals
from retention_helpers.win_back_and_loyalty import letters, standing
from retention_helpers.win_back_and_loyalty.letters import Sent, month_campaigns, to_mail
from retention_helpers.win_back_and_loyalty.said.screen import _to_mail

NOBODY = pd.DataFrame(columns=["customer_id", "drawn_into", "treatment", "until", "is_open"])
NOTHING = proposals([])
FIRST = "2025-01-10"


def customers(size: int, *, plans: int = 2) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"C-{n:03}" for n in range(size)],
            "plan": [f"p{n % plans}" for n in range(size)],
            "mrr": [10 * (1 + n % plans) + n % 5 for n in range(size)],
        }
    )


def test_the_lot_is_half_and_half_within_plan_and_value() -> None:
    rows = customers(200)
    groups = pd.Series(standing.lot("win_back", rows))
    assert (groups == "mailed").sum() == 100
    for _, own in rows.groupby("plan"):
        large = own["mrr"] > own["mrr"].median()
        for part in (own[large], own[~large]):
            assert abs((groups[part.index] == "mailed").sum() - len(part) / 2) <= 1


def test_the_lot_falls_the_same_however_often_and_in_whatever_order() -> None:
    rows = customers(57)
    first = dict(zip(rows["customer_id"], standing.lot("win_back", rows), strict=True))
    turned = rows.sample(frac=1, random_state=3)
    assert dict(zip(turned["customer_id"], standing.lot("win_back", turned), strict=True)) == first
    assert dict(zip(rows["customer_id"], standing.lot("silent", rows), strict=True)) != first


def test_the_lot_favours_nobody() -> None:
    """Over 400 campaigns each of eleven customers is mailed about half of the time: binomial, p > 0.0001."""
    rows = customers(11, plans=3)
    drawn = pd.DataFrame([standing.lot(f"campaign {n}", rows) for n in range(400)])
    mailed = (drawn == "mailed").sum()
    assert mailed.between(200 - 40, 200 + 40).all()
    assert abs((drawn == "mailed").to_numpy().mean() - 0.5) < 0.03


def shop_of(opened: Callable[..., Business], gone: int, **tables: object) -> Business:
    """So many leave on 15 January 2026, of whom every fifth leaves a month earlier; ten stay."""
    spans = [
        (f"g{n:03}", FIRST, "2026-01-15" if n % 5 else "2025-12-15", 50, "active", "pro") for n in range(gone)
    ]
    spans += [(f"s{n}", FIRST, "", 50, "active", "pro") for n in range(10)]
    return opened(spans, **tables)


def month_of(business: Business) -> Sent:
    return month_campaigns(business, NOBODY, NOTHING)


def test_a_hold_out_where_the_pace_reaches_a_verdict(business_of: Callable[..., Business]) -> None:
    """320 gone at once are enough for 146 in each group: the verdict comes 90 days after the draw."""
    sent = month_of(shop_of(business_of, 320))
    plan = sent.plans.set_index("campaign").loc["win_back"]
    assert (plan["way"], plan["share_held_out"], plan["months"]) == ("by lot", 0.5, 3)
    assert str(plan["verdict_in"]) == "2026-07-01" and plan["now"] == 320
    assert sent.drawn["group"].value_counts().to_dict() == {"mailed": 160, "held_out": 160}
    assert len(to_mail(shop_of(business_of, 320), sent)) == 160


def test_everybody_is_mailed_where_it_never_could(business_of: Callable[..., Business]) -> None:
    sent = month_of(shop_of(business_of, 6))
    plan = sent.plans.set_index("campaign").loc["win_back"]
    assert plan["way"] == "everybody" and plan["verdict_in"] is None
    assert set(sent.drawn["group"]) == {"mailed"} and len(sent.drawn) == 6
    assert "cannot be credited to the campaign" in str(win_back_and_loyalty.standing_sentence(sent.plans))


@pytest.mark.parametrize(
    ("mailed", "held_out", "way", "words"),
    [
        (60, 0, "everybody", "mails everybody: it works."),
        (8, 8, "nobody", "mails nobody any more: no effect of 10 points or more."),
        (15, 6, "nobody", "mails nobody any more: its planned size told no gain."),
    ],
)
def test_what_a_verdict_does_to_the_campaign(
    opened: Callable[..., Any], mailed: int, held_out: int, way: str, words: str
) -> None:
    """So many of 160 in each group are back after a month; 15 against 6 are p = 0.05, 5.6 points more."""
    groups = {"mailed": mailed, "held_out": held_out}
    drawn = [("win_back", f"{group}{n}", group, "2025-06-03") for group in groups for n in range(160)]
    spans = [(one[1], "2024-01-10", "2025-03-15", 50) for one in drawn]
    spans += [(f"{group}{n}", "2025-07-03", "", 50) for group in groups for n in range(groups[group])]
    spans += [(f"s{n}", FIRST, "", 50) for n in range(10)]
    with opened(spans, enrolments=drawn) as business:
        plan = month_of(business).plans.set_index("campaign", drop=False).loc[["win_back"]]
    assert plan["way"].item() == way
    assert words in str(win_back_and_loyalty.standing_sentence(plan))


def test_who_is_drawn_stays_drawn(business_of: Callable[..., Business]) -> None:
    """Those of an earlier draw are not drawn again, and the others fall as if alone."""
    drawn = [("win_back", f"g{n:03}", "mailed", "2025-12-20") for n in range(100)]
    business = shop_of(business_of, 320, enrolments=drawn)
    sent = month_of(business)
    assert len(sent.drawn) == 220 and not set(sent.drawn["customer_id"]) & {one[1] for one in drawn}
    alone = sent.away[sent.away["customer_id"].isin(sent.drawn["customer_id"])]
    groups = dict(zip(alone["customer_id"], standing.lot("win_back", alone), strict=True))
    assert groups == dict(zip(sent.drawn["customer_id"], sent.drawn["group"], strict=True))


def test_the_plan_mails_the_mailed_and_nobody_who_is_held_out(business_of: Callable[..., Business]) -> None:
    business = shop_of(business_of, 320)
    sent = month_of(business)
    decided = decide(business, to_mail(business, sent), NOBODY)
    mailed = set(sent.drawn.loc[sent.drawn["group"] == "mailed", "customer_id"])
    assert set(decided.touches["customer_id"]) == mailed
    assert set(decided.touches["action"]) == {"win_back"} and set(decided.touches["way"]) == {"letter"}
    assert set(decided.touches["given_by"]) == {"win_back"}


def test_five_messages_filled_from_what_is_known(business_of: Callable[..., Business]) -> None:
    """April 2026 begins on a Wednesday; day 3 is Saturday the 4th, so Monday; what is known is filled in."""
    business = business_of(
        [("g", FIRST, "2026-01-15", 50, "active", "pro"), ("u", FIRST, "2026-01-15", 50, "active", "")],
        customers=[
            {"customer_id": who, "signed_up_at": FIRST, "name": name}
            for who, name in (("g", "Ada {x}"), ("u", ""))
        ],
        events=[
            ("g", day, event)
            for day, event in (
                ("2026-01-02", "login"), ("2026-01-02", "report_exported"), ("2026-01-10", "login"),
            )
        ],
        settings={"business": "Acme"},
    )  # fmt: skip
    rows = letters.letters(business, month_of(business))
    own = rows[rows["customer_id"] == "g"]
    assert own["message"].tolist() == [1, 2, 3, 4, 5]
    assert own["send_on"].tolist() == ["2026-04-01", "2026-04-06", "2026-04-08", "2026-04-13", "2026-04-15"]
    text = "\n".join(own["body"])
    assert text.count("Hello Ada {x},") == 5 and "10 January 2026" in text and "report exported" in text
    assert "Acme" in "\n".join(own["subject"])
    other = "\n".join(rows.loc[rows["customer_id"] == "u", "body"])
    assert "{" not in other and other.count("Hello,") == 5 and "you used" not in other


def test_new_words_are_those_of_the_next_report(opened: Callable[..., Any]) -> None:
    """Also where the tables were read before; what stands in the plan follows them as well."""
    with opened([("g", FIRST, "2026-01-15", 50), ("s", FIRST, "", 50)]) as business:
        folder = business.folder
        assert "our own" not in "".join(letters.letters(business, month_of(business))["body"])
        (folder / "messages.yml").write_text("win_back: {1: {body: In our own words.}}", encoding="utf-8")
        with closing(open_business(folder, "2026-03", cache=folder.parent / "cache")) as again:
            sent = month_of(again)
            assert letters.letters(again, sent)["body"].iloc[0] == "In our own words."
            assert to_mail(again, sent)["message"].tolist() == ["In our own words."]


# ----------------------------------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spans = [(f"g{n:02}", FIRST, "2026-01-15", 50, "active", "pro") for n in range(12)]
    spans += [(f"s{n}", FIRST, "", 50, "active", "pro") for n in range(10)]
    return write_folder(tmp_path / "shop", spans)


def enrolled(folder: Path) -> list[dict[str, str]]:
    with (folder / "enrolments.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def draw(folder: Path, campaign: str = "win_back") -> int:
    return main(["draw", campaign, "--data", str(folder), "--month", "2026-03"])


def test_the_command_to_draw_can_be_pasted(folder: Path) -> None:
    with closing(open_business(folder, "2026-03")) as business:
        card = repr(_to_mail(month_of(business), "EUR"))
    assert f"draw win_back --data {folder.resolve()}" in card and "DIR" not in card


def test_draw_writes_who_was_drawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert draw(folder) == 0
    rows = enrolled(folder)
    assert {row["customer_id"] for row in rows} == {f"g{n:02}" for n in range(12)}
    assert {(row["campaign"], row["group"]) for row in rows} == {("win_back", "mailed")}
    assert "12 customers drawn: 12 to be mailed, 0 held out" in capsys.readouterr().out


def test_draw_appends_behind_what_stands_there(folder: Path) -> None:
    """In the file's own order of columns, with its sign between them, and without an end of line before."""
    before = "enrolled_at;group;customer_id;campaign;remark\n2025-02-01;mailed;s0;spring;by hand"
    (folder / "enrolments.csv").write_text(before, encoding="utf-8")
    assert draw(folder) == 0
    text = (folder / "enrolments.csv").read_text(encoding="utf-8")
    assert text.startswith(before + "\n") and text.count("\n") == 14
    assert all(line.split(";")[1:] == ["mailed", line.split(";")[2], "win_back", ""]
               for line in text.splitlines()[2:])  # fmt: skip


def test_who_is_drawn_stays_drawn_when_the_month_is_drawn_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first draw lies behind the cut of the month, so only the file knows of it; newcomers are drawn."""
    assert draw(folder) == 0
    before = (folder / "enrolments.csv").read_bytes()
    assert draw(folder) == 0 and (folder / "enrolments.csv").read_bytes() == before
    assert "Nobody new to draw" in capsys.readouterr().out
    with (folder / "subscriptions.csv").open("a", encoding="utf-8") as file:
        file.write(f"g99,{FIRST},2026-01-15,50,active,pro,,,\n")
    with (folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write(f"g99,{FIRST}\n")
    assert draw(folder) == 0
    assert (folder / "enrolments.csv").read_bytes().startswith(before)
    assert [row["customer_id"] for row in enrolled(folder)[12:]] == ["g99"]


def test_a_draw_moves_no_month(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The data reach to 20 March; drawn is today, months later. The next month stays one without a row."""
    with (folder / "subscriptions.csv").open("a", encoding="utf-8") as file:
        file.write("g99,2026-03-20,,50,active,pro,,,\n")
    with (folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("g99,2026-03-20\n")
    command = ["draw", "win_back", "--data", str(folder)]
    assert main(command) == 0 and len(enrolled(folder)) == 12
    assert main(command) == 0 and len(enrolled(folder)) == 12
    assert "Nobody new to draw" in capsys.readouterr().out
    with closing(open_business(folder)) as business:
        assert business.month == "2026-03"
        assert ENDS_BEFORE not in {fault.rule for fault in business.faults}
    with closing(open_business(folder, "2026-04")) as business:
        assert ENDS_BEFORE in {fault.rule for fault in business.faults}


def test_draw_changes_nothing_where_nobody_is_to_be_drawn(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(folder, "silent") == 0 and not (folder / "enrolments.csv").exists()
    assert "Nobody new to draw" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("enrolments.csv", "campaign,customer,group,enrolled_at\n", "customer_id"),
        ("enrolments.xlsx", None, "enrolments.csv"),
    ],
)
def test_draw_refuses_what_it_cannot_write_to(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str | None, said: str
) -> None:
    if text is None:
        frame = pd.DataFrame([("spring", "s0", "mailed", "2025-02-01")], columns=list("abcd"))
        frame.columns = ["campaign", "customer_id", "group", "enrolled_at"]
        frame.to_excel(folder / name, index=False)
    else:
        (folder / name).write_text(text, encoding="utf-8")
    before = (folder / name).read_bytes()
    assert draw(folder) == 2
    assert said in capsys.readouterr().err and (folder / name).read_bytes() == before


def test_draw_leaves_the_sample_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "win_back", "--data", str(shipped.SAMPLE)]) == 2
    assert "Name your own folder" in capsys.readouterr().err
    assert main(["draw", "win_bak"]) == 2
    assert "Did you mean win_back?" in capsys.readouterr().err


def test_the_month_after_the_draw_reads_it(folder: Path) -> None:
    """A draw of today lies behind the cut of an old month: that report is as it was, and draws the same."""

    def groups() -> dict[str, str]:
        business = open_business(folder, "2026-03")
        try:
            rows = month_of(business).drawn
        finally:
            business.close()
        return dict(zip(rows["customer_id"], rows["group"], strict=True))

    before = groups()
    assert draw(folder) == 0
    assert groups() == before == {row["customer_id"]: row["group"] for row in enrolled(folder)}
