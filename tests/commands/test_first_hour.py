"""The first hour: what other tools export and people keep becomes a report, without a line of settings typed.

One ledger of fourteen customers is written in twelve forms. By hand, for June 2026, in whole units a month:

    started in     plan           a month  customers  left
    January 2026   Basic, 29       8 x 29   8         –
    January 2026   Basic           29       C09       15 April
    February 2026  Basic           29       C10       20 June
    Jan, March     Pro, 588/year   2 x 49   C11, C12  –
    May            Plus, 59        59       C13       –
    January        Plus            59       C14       25 June

    at the start of June 8 + C10 + 2 + C13 + C14 = 13, lost 2 (29 + 59 = 88), at its end 11
    MRR at the end of June 8 x 29 + 2 x 49 + 59 = 389; lost in April 1

The headings and words are those that the tools document or that their own code writes; docs/first_hour.md
says which are known and which are from memory.
"""

import csv
import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pyarrow.parquet as pq
import pytest
import stripe_objects as stripe

from retention_helpers import __main__
from retention_helpers.business import open_business
from retention_helpers.commands import checking
from retention_helpers.measurement import measures

MONTH = "2026-06"
REQUESTS = ["2026-04-02", "2026-06-03", "2026-06-18"]


class Member(NamedTuple):
    id: str
    plan: str
    start: dt.date
    end: dt.date | None = None
    asked: dt.date | None = None  # when the end was asked for

    @property
    def is_yearly(self) -> bool:
        return self.plan == "Pro"

    @property
    def price(self) -> int:
        """What is paid for the interval."""
        return {"Basic": 29, "Plus": 59, "Pro": 588}[self.plan]

    @property
    def a_month(self) -> int:
        return 49 if self.is_yearly else self.price

    @property
    def email(self) -> str:
        return f"{self.id.lower()}@example.com"


def _on(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


LEDGER = [
    *(Member(f"C0{nth}", "Basic", _on(f"01-{12 + nth}")) for nth in range(1, 9)),
    Member("C09", "Basic", _on("01-10"), _on("04-15"), _on("04-02")),
    Member("C10", "Basic", _on("02-20"), _on("06-20"), _on("06-03")),
    Member("C11", "Pro", _on("01-20")),
    Member("C12", "Pro", _on("03-17")),
    Member("C13", "Plus", _on("05-13")),
    Member("C14", "Plus", _on("01-25"), _on("06-25"), _on("06-18")),
]


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], *, delimiter: str = ",",
          encoding: str = "utf-8", line_end: str = "\n") -> None:  # fmt: skip
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
        writer.writerows([header, *rows])


def shown(day: dt.date | None, form: str) -> str:
    """A day in a form such as %d.%m.%Y, without zeros in front for %-d; empty for none."""
    return day.strftime(form) if day else ""


# --- other tools -------------------------------------------------------------------------------------


def stripe_csv(folder: Path) -> None:
    rows = [
        stripe.subscription_row(
            one.id, **{
                "Currency": "eur", "Interval": "year" if one.is_yearly else "month",
                "Amount": f"{one.price}.00",
                "Product": one.plan, "Created (UTC)": f"{one.start} 09:30",
                "Start Date (UTC)": f"{one.start} 09:30",
                **({"Status": "canceled", "Canceled At (UTC)": f"{one.asked} 10:00",
                    "Ended At (UTC)": f"{one.end} 09:30"} if one.end else {}),
            },
        )
        for one in LEDGER
    ]  # fmt: skip
    stripe.export(folder / "subscriptions.csv", stripe.SUBSCRIPTION_COLUMNS, rows)


def stripe_api(folder: Path) -> None:
    made = []
    for one in LEDGER:
        of = stripe.price(
            100 * one.price, every="year" if one.is_yearly else "month", name=one.plan, currency="eur"
        )
        more: dict[str, Any] = {"currency": "eur"}
        if one.end and one.asked:
            more |= {
                "status": "canceled",
                "canceled_at": stripe.at(str(one.asked)),
                "ended_at": stripe.at(str(one.end)),
            }
        made.append(stripe.subscription(one.id, str(one.start), stripe.item(of), **more))
    stripe.json_list(folder / "subscriptions.json", made)
    stripe.json_list(folder / "customers.json", [stripe.customer(one.id, str(one.start)) for one in LEDGER])


def paddle_api(folder: Path) -> None:
    listed = []
    for one in LEDGER:
        cycle = {"interval": "year" if one.is_yearly else "month", "frequency": 1}
        price = {
            "id": f"pri_{one.plan}", "name": one.plan, "tax_mode": "external", "billing_cycle": cycle,
            "unit_price": {"amount": str(100 * one.price), "currency_code": "EUR"},
            "unit_price_overrides": [],
        }  # fmt: skip
        item = {"status": "active", "quantity": 1, "recurring": True, "price": price, "trial_dates": None,
                "product": {"id": "pro_1", "name": one.plan}}  # fmt: skip
        began = f"{one.start}T09:00:00Z"
        listed.append(
            {
                "id": f"sub_{one.id}", "status": "canceled" if one.end else "active",
                "customer_id": f"ctm_{one.id}", "currency_code": "EUR", "created_at": began,
                "started_at": began,
                "first_billed_at": began, "canceled_at": f"{one.end}T09:00:00Z" if one.end else None,
                "paused_at": None, "next_billed_at": None, "collection_mode": "automatic", "discount": None,
                "billing_cycle": cycle, "current_billing_period": None, "scheduled_change": None,
                "items": [item],
            }
        )  # fmt: skip
    (folder / "paddle.json").write_text(
        json.dumps({"data": listed, "meta": {"pagination": {"has_more": False}}})
    )


def recurly(folder: Path) -> None:
    """`canceled` at Recurly is still served until `expires_at`; then it is `expired`."""
    table(
        folder / "recurly_subscriptions.csv",
        ("subscription_id", "account_code", "plan_code", "state", "quantity", "unit_amount_in_cents",
         "currency",
         "plan_interval_length", "plan_interval_unit", "activated_at", "canceled_at", "expires_at",
         "current_period_ends_at"),
        [
            (f"s-{one.id}", one.id, one.plan.lower(), "expired" if one.end else "active", 1, 100 * one.price,
             "EUR",
             12 if one.is_yearly else 1, "months", f"{one.start}T07:00:00Z",
             f"{one.asked}T07:00:00Z" if one.end else "", f"{one.end}T07:00:00Z" if one.end else "",
             "2026-07-01T07:00:00Z")
            for one in LEDGER
        ],
    )  # fmt: skip


def polar(folder: Path) -> None:
    """Polar names a customer by e-mail alone; amounts are in whole units."""
    table(
        folder / "polar-subscriptions.csv",
        ("Email", "Started At", "Product", "Amount", "Currency", "Status", "Billing Interval",
         "Customer Name",
         "Current Period End", "Cancels At Period End", "Canceled At", "Ends At", "Ended At",
         "Cancellation Reason"),
        [
            (one.email, f"{one.start}T09:00:00+00:00", one.plan, f"{one.price}.0", "eur",
             "canceled" if one.end else "active", "year" if one.is_yearly else "month", f"Name {one.id}",
             "2026-07-10T09:00:00+00:00", "true" if one.end else "false",
             f"{one.asked}T09:00:00+00:00" if one.end else "", f"{one.end}T09:00:00+00:00" if one.end else "",
             f"{one.end}T09:00:00+00:00" if one.end else "", "too_expensive" if one.end else "")
            for one in LEDGER
        ],
        line_end="\r\n",
    )  # fmt: skip


def steady(folder: Path) -> None:
    """Steady's amount is a month's whatever the period, in cents; days as its users' files show them."""
    table(
        folder / "steady_members.csv",
        ("first_name", "last_name", "email", "plan_name", "plan_monthly_amount_cents", "gifted",
         "subscription_period", "subscription_state", "subscribed_at", "trial_ends_at", "cancelled_at",
         "expires_at"),
        [
            ("Ada", one.id, one.email, one.plan, 100 * one.a_month, "FALSE",
             "annual" if one.is_yearly else "monthly",
             "cancelled" if one.end else "active", shown(one.start, "%d.%m.%y"), "", shown(one.asked,
             "%d.%m.%y"),
             shown(one.end, "%d.%m.%y"))
            for one in LEDGER
        ],
    )  # fmt: skip


def woocommerce(folder: Path) -> None:
    """An interval in two columns: how many, and of what (a year is 12 months); 0 is no day, tax is 20 %."""
    day = "%Y-%m-%d 09:30:00"
    table(
        folder / "subscriptions_export.csv",
        ("subscription_id", "subscription_status", "customer_id", "start_date", "trial_end_date",
         "next_payment_date", "last_payment_date", "cancelled_date", "end_date", "billing_period",
         "billing_interval", "order_shipping", "order_shipping_tax", "fee_total", "fee_tax_total",
         "order_tax", "cart_discount", "cart_discount_tax", "order_total", "order_currency"),
        [
            (1000 + nth, "wc-cancelled" if one.end else "wc-active", nth, shown(one.start, day), "0",
             "0" if one.end else "2026-07-15 09:30:00", shown(one.start, day), shown(one.asked, day) or "0",
             shown(one.end, day) or "0", "month", 12 if one.is_yearly else 1, "0.00", "0.00", "0.00", "0.00",
             f"{one.price / 5:.2f}", "0.00", "0.00", f"{one.price * 1.2:.2f}", "EUR")
            for nth, one in enumerate(LEDGER, start=1)
        ],
    )  # fmt: skip


# --- lists that people keep ----------------------------------------------------------------------------


def german_workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Abos"
    sheet.append(["Unsere Abonnenten, Stand Ende Juni"])
    sheet.append([])
    sheet.append(["Kunden-Nr.", "Firma", "Tarif", "Beginn", "Gekündigt am", "Gekündigt zum", "Preis / Monat"])
    for one in LEDGER:
        sheet.append([one.id, f"Firma {one.id}", one.plan, one.start, one.asked, one.end, one.a_month])
    sheet.append(["Summe", None, None, None, None, None, sum(one.a_month for one in LEDGER)])
    book.create_sheet("Notizen").append(["Preise ab 2027 neu"])
    book.save(folder / "Kundenliste.xlsx")


def french_csv(folder: Path) -> None:
    table(
        folder / "abonnés.csv",
        ("Numéro client", "Formule", "Date de début", "Date de fin", "Prix mensuel", "État"),
        [
            (one.id, one.plan, shown(one.start, "%d/%m/%Y"), shown(one.end, "%d/%m/%Y"),
             f"{one.a_month},00 €",
             "résilié" if one.end else "actif")
            for one in LEDGER
        ],
        delimiter=";", encoding="cp1252", line_end="\r\n",
    )  # fmt: skip


def chinese_csv(folder: Path) -> None:
    table(
        folder / "会员.csv",
        ("会员编号", "套餐", "开始日期", "结束日期", "月费", "状态"),
        [
            (one.id, {"Basic": "基础版", "Plus": "高级版", "Pro": "专业版"}[one.plan],
             f"{one.start:%Y年%-m月%-d日}",
             f"{one.end:%Y年%-m月%-d日}" if one.end else "", f"{one.a_month}.00",
             "已取消" if one.end else "有效")
            for one in LEDGER
        ],
        encoding="gbk", line_end="\r\n",
    )  # fmt: skip


def google_sheet(folder: Path) -> None:
    table(
        folder / "Members - Sheet1.csv",
        ("Customer", "Plan", "Price", "Start", "End"),
        [
            (
                one.id,
                one.plan,
                f"€{one.a_month}.00",
                shown(one.start, "%-m/%-d/%Y"),
                shown(one.end, "%-m/%-d/%Y"),
            )
            for one in LEDGER
        ],
    )


def own_app(folder: Path) -> None:
    """`valid_until`, until when is paid, is there for everybody; it ends service of those who cancelled."""
    table(
        folder / "users.csv", ("user_id", "created_at"), [(one.id, f"{one.start} 08:00:00") for one in LEDGER]
    )
    table(
        folder / "memberships.csv",
        ("id", "user_id", "tier", "amount", "currency", "billing_interval", "start_date", "canceled_at",
        "valid_until"),
        [
            (nth, one.id, one.plan, 100 * one.price, "EUR", "yearly" if one.is_yearly else "monthly",
             one.start,
             one.asked or "", one.end or _on("07-14"))
            for nth, one in enumerate(LEDGER, start=1)
        ],
    )  # fmt: skip


# --- playing them ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A form of the ledger: who writes it, what is answered to which question, and what it cannot tell."""

    write: Callable[[Path], None]
    answers: Mapping[str, str] = field(default_factory=dict)
    requests: int = 3  # to cancel


CENTS = "cents: MRR is EUR 389; whole units: MRR is EUR 38,900"
CASES = {
    "Stripe, CSV": Case(stripe_csv),
    "Stripe, API": Case(stripe_api),
    "Paddle, API": Case(paddle_api, requests=0),
    "Recurly": Case(recurly),
    "Polar": Case(polar),
    "Steady": Case(steady),
    "WooCommerce": Case(woocommerce),
    "a German workbook": Case(german_workbook),
    "a French CSV": Case(french_csv, requests=0),
    "a Chinese CSV": Case(chinese_csv, requests=0),
    "a Google sheet": Case(
        google_sheet, {"month: MRR is EUR 389; year: MRR is EUR 32.42": "month"}, requests=0
    ),
    "an app's own tables": Case(
        own_app, {"cancelled: 1 end in April 2026, 2 ends in June 2026": "cancelled", CENTS: "cents"}
    ),
}


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    defaults = {**(checking.check.__kwdefaults__ or {}), "cache": tmp_path / ".kept"}
    monkeypatch.setattr(checking.check, "__kwdefaults__", defaults)
    (tmp_path / "exports").mkdir()
    return tmp_path


@pytest.fixture
def play(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Mapping[str, str]], tuple[int, list[str]]]:
    """Begin at a terminal: return and the questions, each answered by what it contains."""

    def begin(answers: Mapping[str, str]) -> tuple[int, list[str]]:
        asked: list[str] = []

        def answer(question: str) -> str:
            asked.append(question)
            return next((said for part, said in answers.items() if part in question), "")

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", answer)
        return __main__.main(["init", "mine", "--from", "exports"]), asked

    return begin


ALWAYS = 2  # the name of the business and its time zone


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_goes_from_files_to_a_report(
    clean: Path, play: Callable, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    case.write(clean / "exports")
    code, asked = play(case.answers)
    said = capsys.readouterr()
    assert code == 0, said.out + said.err + "\n".join(asked)
    assert len(asked) == ALWAYS + len(case.answers), asked
    business = open_business(clean / "mine", MONTH, cache=clean / ".kept")
    month = measures.customer_movement(business).set_index("month").loc[f"{MONTH}-01"]
    assert tuple(month[["customers_at_start", "lost", "customers_at_end"]]) == (13, 2, 11)
    money = measures.mrr_movement(business).set_index("month").loc[f"{MONTH}-01"]
    assert tuple(money[["mrr_at_start", "churned", "mrr_at_end"]]) == (477, 88, 389)
    lost = measures.customer_movement(business).set_index("month")["lost"]
    assert {f"{on:%m}": int(many) for on, many in lost.items() if many} == {"04": 1, "06": 2}
    assert days_of_requests(clean) == REQUESTS[: case.requests]


def days_of_requests(clean: Path) -> list[str]:
    """The days on which somebody asked to cancel, as the gate kept them."""
    kept = list((clean / ".kept").rglob("cancellations.parquet"))
    return sorted(str(row["canceled_on"]) for row in pq.read_table(kept[0]).to_pylist()) if kept else []


# --- what cannot become a report, and says so ----------------------------------------------------------

SUBSTACK = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n" + "".join(
    f"{one.email},{str(not one.end).lower()},,monthly,false,{one.start},{one.start}\n" for one in LEDGER
)
PATREON = (
    "Name,Email,Patron Status,Lifetime Amount,Pledge Amount,Charge Frequency,Patronage Since Date,User ID\n"
    + (
        "Ada,a@example.com,Active patron,60.00,5.00,monthly,2026-01-12 10:00:00,17\n"
        "Ben,b@example.com,Former patron,20.00,5.00,monthly,2026-01-13 10:00:00,18\n"
    )
)
GOCARDLESS = (
    "id,created_at,amount,currency,status,start_date,end_date,interval,interval_unit,customers.id\n"
    + (
        "SB1,2026-01-12T10:00:00Z,29.00,GBP,active,2026-01-15,,1,monthly,CU1\n"
        "SB2,2026-01-12T10:00:00Z,29.00,GBP,cancelled,2026-01-15,,1,monthly,CU2\n"
    )
)
CHARGEBEE = "Subscription Id,Customer Id,Status,MRR,Created At,Started At,Canceled On\n" + "".join(
    f"s{one.id},{one.id},{'Cancelled' if one.end else 'Active'},{0 if one.end else one.a_month},"
    f"{one.start} 10:00:00,"
    f"{one.start} 10:00:00,{f'{one.end} 10:00:00' if one.end else ''}\n"
    for one in LEDGER
)
REFUSED = {
    "Substack": (SUBSTACK, "no column says what is paid and when service ended."),
    "Patreon": (PATREON, "a list of subscriptions in which no column says when service ended."),
    "GoCardless": (GOCARDLESS, "status is none of active, past_due, paused, comped, trialing in 1 of 2 rows"),
    "Chargebee": (CHARGEBEE, "mrr is 0 for 3 of 3 customers who left, as in a list of"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_file_cannot_tell_is_said_and_no_report_made(
    clean: Path, play: Callable, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (clean / "exports" / "export.csv").write_text(text)
    code, _ = play({})
    found = capsys.readouterr()
    assert code == 2
    assert said in found.out + found.err
