"""Stripe asked directly, against a server on this machine that answers as Stripe's reference says."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from stripe_objects import canceled, customer, invoice, line, subscription

from retention_helpers.__main__ import main
from retention_helpers.contract.settings import Settings
from retention_helpers.contract.tables import Stopped
from retention_helpers.sources import importing
from retention_helpers.sources.interface import Order
from retention_helpers.sources.stripe import live
from retention_helpers.words.errors import InputError

KEY = "rk_test_51SecretOfTheTest"
Answer = tuple[int, dict[str, Any]]


class Account:
    """What the server holds, what it was asked, and what it does before it answers."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {"subscriptions": [], "invoices": [], "customers": []}
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.before: Callable[[int, str], Answer | None] = lambda nth, path: None

    def answer(self, method: str, target: str, key: str) -> Answer:
        path, asked = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.asked.append((method, path, asked))
        instead = self.before(len(self.asked), path)
        if instead is not None:
            return instead
        if key != f"Bearer {KEY}":
            return 401, {"error": {"type": "invalid_request_error", "message": f"Invalid API Key: {key}"}}
        return 200, self.page(path, asked)

    def page(self, path: str, asked: dict[str, list[str]]) -> dict[str, Any]:
        """A page as Stripe gives it: newest first, after an object, subscriptions without the canceled."""
        parts = path.split("/")[2:]
        found = self.objects[parts[0]]
        if len(parts) == 3:
            found = next(one for one in found if one["id"] == parts[1])["lines"]["all"]
        if parts[0] == "subscriptions" and asked.get("status") != ["all"]:
            found = [one for one in found if one["status"] != "canceled"]
        start = 0
        if "starting_after" in asked:
            start = [one["id"] for one in found].index(asked["starting_after"][0]) + 1
        stop = start + int(asked.get("limit", ["10"])[0])
        return {"object": "list", "url": path, "has_more": stop < len(found), "data": found[start:stop]}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    held = Account()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = held.answer(self.command, self.path, self.headers.get("Authorization", ""))
            if status == 0:  # the line is cut
                self.close_connection = True
                self.connection.close()
                return
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(live, "ADDRESS", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(live, "_wait", lambda nth: None)
    monkeypatch.setattr("stripe._http_client.HTTPClient.INITIAL_DELAY", 0)
    monkeypatch.setattr("stripe._http_client.HTTPClient.MAX_DELAY", 0)
    monkeypatch.setenv(live.KEY, KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield held
    server.shutdown()
    server.server_close()


@pytest.fixture
def full(account: Account) -> Account:
    """250 subscriptions, a canceled one among them, each with an invoice and a customer."""
    names = [f"{n:03d}" for n in range(250)]
    account.objects = {
        "subscriptions": [canceled(n) if n == "100" else subscription(n) for n in names],
        "invoices": [invoice(n, 1, "2026-01-05", line(n, "2026-01-05", "2026-02-05")) for n in names],
        "customers": [customer(n) for n in names],
    }
    return account


def bring(folder: Path) -> importing.Written:
    return importing.import_files("stripe-live", [], folder, Settings())


def test_everything_is_fetched_page_by_page_and_only_read(full: Account, tmp_path: Path) -> None:
    written = bring(tmp_path / "data")
    assert written.rows == {
        "customers.csv": 250, "subscriptions.csv": 250, "cancellations.csv": 1, "payments.csv": 250,
    }  # fmt: skip
    assert {method for method, _, _ in full.asked} == {"GET"}
    assert [path for _, path, _ in full.asked] == [
        f"/v1/{kind}" for kind in ("subscriptions", "invoices", "customers") for _ in range(3)
    ]
    first = full.asked[0][2]
    assert first["status"] == ["all"] and first["limit"] == ["100"]
    assert first["expand[0]"] == ["data.discounts"]
    assert not (tmp_path / "data" / live.FOLDER).exists()
    assert not (tmp_path / "data" / "not_known.yml").exists()


def test_the_long_lines_of_an_invoice_are_fetched_too(account: Account, tmp_path: Path) -> None:
    """An invoice shows its first ten lines; here 33.00 times 25 seats of a line each."""
    every = [line("1", "2026-01-05", "2026-02-05") | {"id": f"il_{n}"} for n in range(25)]
    for n, one in enumerate(every):
        one["parent"]["subscription_item_details"]["subscription_item"] = f"si_{n}"
    whole = invoice("1", 1, "2026-01-05", *every)
    whole["lines"] |= {"data": every[:10], "has_more": True, "all": every}
    account.objects |= {"subscriptions": [subscription("1"), canceled()], "invoices": [whole]}
    bring(tmp_path / "data")
    text = (tmp_path / "data" / "subscriptions.csv").read_text()
    assert ",825," in text
    assert f"/v1/invoices/{whole['id']}/lines" in [path for _, path, _ in account.asked]


def test_nobody_left_is_believed_because_every_status_was_asked_for(account: Account, tmp_path: Path) -> None:
    account.objects["subscriptions"] = [subscription(str(n)) for n in range(3)]
    assert bring(tmp_path / "data").rows["subscriptions.csv"] == 3


ERROR = {"error": {"type": "api_error", "message": "try later"}}
STUMBLES: dict[str, Callable[[int, str], Answer | None]] = {
    "a server error, twice": lambda nth, path: (500, ERROR) if nth in (2, 3) else None,
    "too many requests, three times": lambda nth, path: (429, ERROR) if nth in (2, 3, 4) else None,
    "a conflict": lambda nth, path: (409, ERROR) if nth == 1 else None,
    "a line that is cut": lambda nth, path: (0, {}) if nth in (2, 5) else None,
}


@pytest.mark.parametrize("stumble", STUMBLES.values(), ids=STUMBLES.keys())
def test_what_passes_is_tried_again(full: Account, tmp_path: Path, stumble: Any) -> None:
    full.before = stumble
    assert bring(tmp_path / "data").rows["subscriptions.csv"] == 250


def test_an_import_that_was_interrupted_goes_on_where_it_was(full: Account, tmp_path: Path) -> None:
    """It stops at the second page of invoices; then only what is missing is asked for, once."""
    full.before = lambda nth, path: (500, ERROR) if nth >= 5 else None
    with pytest.raises(InputError, match="goes on where it was"):
        bring(tmp_path / "data")
    assert not (tmp_path / "data" / "customers.csv").exists()
    part = tmp_path / "data" / live.FOLDER / "invoices.part"
    with part.open("a") as file:
        file.write('{"id": "in_cut')  # a machine that went down while it wrote
    full.asked.clear()
    full.before = lambda nth, path: None
    assert bring(tmp_path / "data").rows["payments.csv"] == 250
    assert [(path, asked.get("starting_after")) for _, path, asked in full.asked][:3] == [
        ("/v1/invoices", ["in_099_1"]), ("/v1/invoices", ["in_199_1"]), ("/v1/customers", None),
    ]  # fmt: skip


def test_a_beginning_whose_last_customer_was_deleted_since_begins_again(
    full: Account, tmp_path: Path
) -> None:
    full.before = lambda nth, path: (500, ERROR) if nth >= 8 else None
    with pytest.raises(InputError):
        bring(tmp_path / "data")
    full.objects["customers"] = [one for one in full.objects["customers"] if one["id"] != "cus_099"]
    gone = {
        "error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such customer"}
    }
    full.asked.clear()
    full.before = lambda nth, path: (404, gone) if nth == 1 else None
    assert bring(tmp_path / "data").rows["customers.csv"] == 250  # its subscription is still there
    assert [asked.get("starting_after") for _, _, asked in full.asked] == [
        ["cus_099"], None, ["cus_100"], ["cus_200"],
    ]  # fmt: skip


def test_an_old_beginning_or_one_of_another_key_is_fetched_anew(
    full: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for change in (lambda: monkeypatch.setattr(live, "GOES_ON_FOR", 0),
                   lambda: monkeypatch.setattr("test_stripe_live.KEY", f"{KEY}2")):  # fmt: skip
        full.before = lambda nth, path: (500, ERROR) if path == "/v1/customers" else None
        with pytest.raises(InputError):
            bring(tmp_path / "data")
        change()
        monkeypatch.setenv(live.KEY, KEY)
        full.before = lambda nth, path: None
        full.asked.clear()
        bring(tmp_path / "data")
        assert full.asked[0][1] == "/v1/subscriptions"
        for file in (tmp_path / "data").iterdir():
            file.unlink()


REFUSALS = {
    "an unknown key": ((401, {"error": {"type": "invalid_request_error", "message": f"Invalid: {KEY}"}}),
                       "Stripe does not know the key in STRIPE_API_KEY, or it has expired."),
    "a permission that is missing": ((403, {"error": {"type": "invalid_request_error", "message": KEY}}),
                                     "The key in STRIPE_API_KEY may not read subscriptions."),
    "an error that stays": ((500, ERROR), "Stripe could not answer for subscriptions (status 500)."),
    "a line that stays cut": ((0, {}), "Stripe cannot be reached."),
    "too many requests, always": ((429, ERROR), "Stripe asks to go slower while it is asked for"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_stays_wrong_is_a_sentence_without_the_key(
    account: Account, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
    answer: Answer, said: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    account.before = lambda nth, path: answer
    with caplog.at_level(logging.DEBUG):
        assert main(["import", "stripe-live", "--out", "data"]) == 2
    out, err = capfd.readouterr()
    assert said in err and "Traceback" not in err
    assert KEY not in out + err + caplog.text


def test_the_key_is_in_no_file_and_no_log(
    full: Account, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    full.before = lambda nth, path: (500, ERROR) if path == "/v1/customers" else None
    with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as stopped:
        bring(tmp_path / "data")
    full.before = lambda nth, path: None
    half = list((tmp_path / "data").rglob("*"))
    texts = [path.read_text() for path in half if path.is_file()]
    with caplog.at_level(logging.DEBUG):
        bring(tmp_path / "data")
    texts += [path.read_text() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    texts += [caplog.text, str(stopped.value), repr(live._Account(KEY)), *capfd.readouterr()]
    assert len(half) >= 4 and not any(KEY in text for text in texts)


@pytest.mark.parametrize(
    ("key", "said"), [("", "holds no STRIPE_API_KEY"), ("sk_live_1", "no restricted key")]
)
def test_no_key_and_a_key_that_may_do_more_are_refused(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setenv(live.KEY, key)
    with pytest.raises(InputError, match=said) as stopped:
        bring(tmp_path / "data")
    assert account.asked == [] and "sk_live_1" not in str(stopped.value)


def test_a_report_never_asks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a report never uses the network"):
        live.read(Order([], tmp_path, Settings()))


def test_without_the_package_it_says_how_to_get_it(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "stripe", None)
    with pytest.raises(InputError, match="The package stripe is missing"):
        bring(tmp_path / "data")


def test_files_are_refused_and_what_is_wrong_in_the_account_stops(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "stripe-live", "x.csv", "--out", str(tmp_path / "data")]) == 2
    assert "stripe-live takes no files" in capsys.readouterr().err
    account.objects["subscriptions"] = [subscription("1", status="hibernating")]
    with pytest.raises(Stopped, match="none of Stripe's"):
        bring(tmp_path / "data")


def test_an_account_without_subscriptions_says_so(account: Account, tmp_path: Path) -> None:
    account.objects["customers"] = [customer("1")]
    with pytest.raises(InputError, match="holds no subscription"):
        bring(tmp_path / "data")
