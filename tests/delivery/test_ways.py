"""What goes out on each way, and what is said and done where a server does not take it."""

import ssl
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
import trustme
from posted import make_list, make_report, smtp
from servers import Hook, Mailbox, mail_server

from retention_helpers.delivery import editions
from retention_helpers.delivery.attached import attached
from retention_helpers.delivery.post import Post, post
from retention_helpers.report import pages
from retention_helpers.words.errors import InputError

pytest_plugins = ["posting"]
Posted = Callable[..., Post]
REPORT, LIST = editions.report("2026-10"), editions.list_of("2026-11-03")


def only(ours: Post, what: editions.Edition = REPORT):
    (standing,) = ours.deliver(what)
    return standing


# --- what goes out ---------------------------------------------------------------------------------


def test_the_mail_of_a_report(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box), **{"from": "retention@example.com"})
    only(ours)
    (mail,) = box.mails
    assert (mail["From"], mail["To"]) == ("retention@example.com", "owner@example.com")
    assert mail["Subject"] == "Harbour Desk: the report of October 2026"
    assert mail["Message-ID"].endswith("@example.com>") and "Harbour" not in mail["Message-ID"]
    body = mail.get_body().get_content()
    assert body.splitlines() == [
        "A normal month: 2 of 40 customers left. One thing is worth your time.",
        "",
        "- 40 customers at the start, 3 new, 0 came back, 2 left, 41 at the end; churn 5.0 % (1.4–16.5 %).",
        "- Call the 2 customers who asked to cancel.",
        "- 1 experiment to decide on.",
        "",
        "The page is attached.",
    ]
    (page,) = mail.iter_attachments()
    assert (page.get_content_type(), page.get_filename()) == ("text/html", "retention-2026-10.html")
    assert page.get_content().startswith("<!DOCTYPE html>")


def test_the_mail_of_a_list(posted: Posted, box: Mailbox):
    only(posted(**smtp(box)), LIST)
    body = box.mails[0].get_body().get_content()
    assert body.startswith("3 customers are on the list of 3 November 2026.\n")
    assert "- Write: their payment failed: 2.\n- Something else: 1.\n" in body
    assert "Ada" not in body and "C-1" not in body


def test_a_list_with_our_own_names_of_columns_and_an_empty_one(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    make_list(ours.out, "2026-11-04", "customer_id,action\nC-1,Call: they asked to cancel\n")
    make_list(ours.out, "2026-11-05", "customer_id,action\n")
    for day in ("2026-11-04", "2026-11-05"):
        only(ours, editions.list_of(day))
    first, second = (mail.get_body().get_content() for mail in box.mails)
    assert first.startswith(
        "1 customer is on the list of 4 November 2026.\n\n- Call: they asked to cancel: 1."
    )
    assert second.startswith("Nobody is on the list of 5 November 2026.\n")


def test_the_file_is_the_mail(posted: Posted):
    ours = posted(eml="outbox/mails")
    assert only(ours).state == "sent"
    (file,) = (ours.out / "outbox" / "mails").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert mail["Message-ID"].startswith(f"<{file.stem}@")
    assert b"\r\n" in file.read_bytes() and not mail.defects


HOSTILE = "<!channel> R&D <https://evil.example|x> *b*\r\nBcc: all@example.com \u202e"


def test_slack_gets_counts_in_which_nothing_is_a_link_or_a_mention(posted: Posted, hook: Hook):
    ours = posted(webhook=True)
    make_report(ours.out, review={"headline": HOSTILE})
    only(ours)
    ((path, said),) = hook.posted
    assert path == "/services/T0/B0/hush"
    assert said["text"].splitlines() == [
        "Harbour Desk: the report of October 2026",
        "• &lt;!channel&gt; R&amp;D &lt;https://evil.example|x&gt; *b* Bcc: all@example.com",
        "• 40 customers at the start, 3 new, 0 came back, 2 left, 41 at the end; churn 5.0 % (1.4–16.5 %).",
        "• Call the 2 customers who asked to cancel.",
        "• 1 experiment to decide on.",
    ]
    assert (said["mrkdwn"], said["unfurl_links"]) == (False, False)


def test_no_row_and_no_name_goes_to_a_webhook(posted: Posted, hook: Hook):
    ours = posted(webhook=True)
    for what in (REPORT, LIST):
        only(ours, what)
    told = str(hook.posted)
    assert "Ada" not in told and "C-1" not in told and "<" not in told


def test_a_headline_cannot_add_a_header(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    make_report(ours.out, review={"headline": HOSTILE})
    only(ours)
    assert box.mails[0]["Bcc"] is None
    assert box.mails[0].get_body().get_content().splitlines()[0].startswith("<!channel> R&D")


def test_the_page_stands_alone(posted: Posted, box: Mailbox):
    """Links of the page itself stay; to files that are not attached there are words."""
    only(posted(**smtp(box)))
    page = next(iter(box.mails[0].iter_attachments())).get_content()
    assert "measurement.html" not in page and "plan.xlsx" not in page
    assert '<span>the plan</span> <a href="#content">up</a>' in page
    assert "This page was sent alone." in page and "the folder 2026-10 on the computer" in page


def test_a_page_as_reports_make_them_has_no_link_left_that_leads_to_a_file(tmp_path: Path):
    import datetime as dt
    import re

    from nbformat.v4 import new_markdown_cell, new_notebook

    notebook = new_notebook(cells=[new_markdown_cell("# A question\n\nSee [it](measurement.html).")])
    shown = tuple(pages.Page(name, "?", notebook) for name in ("monthly_review", "measurement"))
    edition = pages.Edition("Harbour Desk", "2026-10", "2026-11-01", dt.datetime.now(dt.UTC), shown)
    page = pages.render(edition)["index.html"]
    assert re.findall(r'<a [^>]*href="(?!#)', page)
    alone = attached(page, "2026-10")
    assert re.findall(r'<a [^>]*href="(?!#)', alone) == []
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', alone) == []
    assert alone.count("<p") == alone.count("</p>") and alone.count("<nav") == alone.count("</nav>")


# --- a server that does not take it ----------------------------------------------------------------


def test_what_passes_is_tried_again_with_longer_waits(posted: Posted, box: Mailbox, waited: list[float]):
    box.answers = ["451 try later", "421 busy", "250 OK"]
    assert only(posted(**smtp(box))).state == "sent"
    assert (len(box.mails), box.tries, waited) == (1, 3, [2, 8])


def test_a_server_that_is_away_is_a_failure_that_the_next_run_says_and_mends(
    posted: Posted, box: Mailbox, hook: Hook, waited: list[float]
):
    ours = posted(smtp={"host": "127.0.0.1", "port": 1, "tls": "none"})
    standing = only(ours)
    assert standing.state == "not sent" and standing.why.startswith("127.0.0.1:1 cannot be reached (Conn")
    assert waited == [2, 8, 32, 60]
    (matter,) = ours.matters()
    assert matter.said.startswith("The report of October 2026 was not delivered by mail on ")
    ours = posted(**smtp(box))
    only(ours, LIST)
    assert (
        "- The report of October 2026 was not delivered by mail on " in box.mails[0].get_body().get_content()
    )
    assert only(ours).state == "sent" and ours.matters() == []


@pytest.mark.parametrize(
    ("refused", "answers", "said"),
    [
        ({"owner@example.com": "550 no such user"}, [], "127.0.0.1 refused it: 550 no such user"),
        ({}, ["552 too large"], "127.0.0.1 refused it: 552 too large"),
    ],
)
def test_a_no_is_not_tried_again(posted: Posted, box: Mailbox, waited, refused, answers, said):
    box.refused, box.answers = refused, answers
    standing = only(posted(**smtp(box)))
    assert (standing.state, standing.why, waited, box.mails) == ("not sent", said, [], [])


def test_all_addresses_or_none(posted: Posted, box: Mailbox, waited):
    """Else one owner would get it twice when the other's server is back."""
    box.refused = {"two@example.com": "450 busy"}
    ours = posted(to=["one@example.com", "two@example.com"], **smtp(box))
    assert only(ours).state == "not sent" and box.mails == []
    box.refused = {}
    assert only(ours).state == "sent" and box.mails[0]["To"] == "one@example.com, two@example.com"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_webhook_that_is_busy_is_tried_again(posted: Posted, hook: Hook, waited, status: int):
    hook.answers, hook.headers = [status, 200], {"Retry-After": "20"}
    assert only(posted(webhook=True)).state == "sent"
    assert (len(hook.posted), waited) == (2, [20])


def test_a_name_that_no_server_can_have_is_said(posted: Posted, monkeypatch, waited):
    monkeypatch.setenv("RETENTION_WEBHOOK", "https://hooks..example.com/services/hush")
    by_mail, by_webhook = posted(smtp={"host": "smtp..example.com"}, webhook=True).deliver(REPORT)
    assert by_mail.state == by_webhook.state == "not sent"
    assert by_mail.why.startswith("smtp..example.com:587 cannot be reached (")
    assert by_webhook.why.startswith("hooks..example.com cannot be reached (")


@pytest.mark.parametrize("status", [302, 400, 404, 410])
def test_a_webhook_that_says_no_is_not_tried_again(posted: Posted, hook: Hook, waited, status: int):
    hook.answers, hook.headers = [status], {"Location": hook.address}
    standing = only(posted(webhook=True))
    assert (standing.state, len(hook.posted), waited) == ("not sent", 1, [])
    assert standing.why == f"127.0.0.1 refused it: HTTP {status}"


@pytest.mark.parametrize("answer", [None, 502, 504])
def test_no_answer_is_unsure(posted: Posted, hook: Hook, waited, answer: int | None):
    hook.answers = [answer]
    ours = posted(webhook=True)
    for _ in range(2):
        assert only(ours).state == "unsure"
    assert (len(hook.posted), waited) == (1, [])


def test_a_failure_of_one_way_is_none_of_another(posted: Posted, box: Mailbox, hook: Hook, waited):
    hook.answers = [404]
    ours = posted(**smtp(box), webhook=True)
    assert {one.way: one.state for one in ours.deliver(REPORT)} == {"mail": "sent", "webhook": "not sent"}
    assert {one.way: one.state for one in ours.deliver(REPORT)} == {"mail": "sent", "webhook": "sent"}
    assert (len(box.mails), len(hook.posted)) == (1, 2)


# --- secrets ---------------------------------------------------------------------------------------


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """An authority that this machine trusts as long as the test lasts."""
    found = trustme.CA()
    found.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return found


def certificate(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


def test_a_password_from_the_environment_goes_out_only_under_tls(
    posted: Posted, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RETENTION_SMTP_PASSWORD", "right")
    with mail_server(certificate(authority, "127.0.0.1")) as box:
        server = {"host": "127.0.0.1", "port": box.port, "user": "owner@example.com"}
        assert only(posted(smtp=server)).state == "sent"
        assert box.logged_in == [(b"owner@example.com", b"right")]
        assert only(posted(smtp={**server, "tls": "none"}), LIST).state == "not sent"
        assert len(box.mails) == 1


def test_a_server_with_another_name_gets_nothing(
    posted: Posted, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RETENTION_SMTP_PASSWORD", "right")
    with mail_server(certificate(authority, "mail.example.com")) as box:
        server = {"host": "127.0.0.1", "port": box.port, "user": "owner@example.com"}
        standing = only(posted(smtp=server))
        assert standing.state == "not sent" and "is not who it says it is" in standing.why
        assert box.logged_in == []


def test_a_wrong_password_is_said_and_not_repeated(
    posted: Posted, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, waited
):
    monkeypatch.setenv("RETENTION_SMTP_PASSWORD", "hush-hush")
    with mail_server(certificate(authority, "127.0.0.1")) as box:
        server = {"host": "127.0.0.1", "port": box.port, "user": "owner@example.com"}
        standing = only(posted(smtp=server))
    assert standing.state == "not sent" and "535" in standing.why and waited == []
    ours = posted(smtp=server)
    assert "hush" not in (ours.out / ".journal.jsonl").read_text() + str(ours.matters())


@pytest.fixture
def secrets(posted: Posted) -> Path:
    path = posted(webhook=True).data / ".secrets"
    yield path
    path.unlink(missing_ok=True)


def test_a_file_that_its_owner_alone_can_read(posted: Posted, hook: Hook, monkeypatch, secrets: Path):
    monkeypatch.delenv("RETENTION_WEBHOOK")
    secrets.write_text(f"# of Slack\nRETENTION_WEBHOOK={hook.address}\n")
    secrets.chmod(0o600)
    assert only(posted(webhook=True)).state == "sent"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused_with_the_line_to_paste(
    posted: Posted, hook: Hook, monkeypatch, secrets: Path, mode: int
):
    monkeypatch.delenv("RETENTION_WEBHOOK")
    secrets.write_text(f"RETENTION_WEBHOOK={hook.address}\n")
    secrets.chmod(mode)
    ours = posted(webhook=True)
    with pytest.raises(InputError) as refused:
        ours.ready()
    assert str(refused.value) == (
        f"{secrets} can be read by others. Paste this, then start again: chmod 600 {secrets}"
    )
    assert only(ours).state == "not sent" and hook.posted == []


def test_a_secret_that_is_nowhere(posted: Posted, monkeypatch):
    monkeypatch.delenv("RETENTION_WEBHOOK", raising=False)
    with pytest.raises(InputError, match=r"There is no RETENTION_WEBHOOK\. Set it in the environment, or"):
        posted(webhook=True).ready()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://hooks.example.com/T0/hush", "should begin with https://"),
        ("https://user:hush@hooks.example.com/x", "is no address of the form https://"),
        ("https://hooks.example.com:port/hush", "is no address of the form https://"),
        ("hush", "is no address of the form https://"),
    ],
)
def test_an_address_that_is_none_is_not_repeated(posted: Posted, monkeypatch, address: str, said: str):
    monkeypatch.setenv("RETENTION_WEBHOOK", address)
    with pytest.raises(InputError, match=said) as refused:
        posted(webhook=True).ready()
    assert "hush" not in str(refused.value)


def test_an_error_of_a_webhook_tells_no_part_of_its_address(posted: Posted, monkeypatch, waited):
    monkeypatch.setenv("RETENTION_WEBHOOK", "https://127.0.0.1:1/services/hush")
    assert "hush" not in only(posted(webhook=True)).why


# --- to whom ---------------------------------------------------------------------------------------


def test_never_to_a_customer(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box), to="C1@customer.example")
    with pytest.raises(InputError, match=r"c1@customer\.example") as refused:
        ours.ready()
    assert "is the address of a customer, and nothing was sent" in str(refused.value)
    assert str(refused.value).endswith("internal_accounts: [C-1]")
    assert only(ours).state == "not sent" and box.mails == []
    assert [one.state for one in ours.tell("2026-10", "It failed.", "why")] == ["not sent"]
    assert box.mails == []


def test_off_by_default(posted: Posted):
    ours = posted(eml="outbox")
    (ours.data / "retention.yml").write_text("business: Harbour Desk\n")
    with pytest.raises(InputError, match="Nothing is delivered"):
        post(ours.data, ours.out).ready()


def test_a_home_that_nobody_has_is_said_before_anything_is_made(posted: Posted):
    with pytest.raises(InputError, match="eml begins with ~ and the name of nobody on this machine"):
        posted(eml="~nobody-here/x")


def test_what_is_half_made_or_anothers_is_not_delivered(posted: Posted, box: Mailbox):
    ours = posted(**smtp(box))
    for changed, said in (
        ({"failed": {"measurement": "why"}}, "not all of this report worked"),
        ({"review": None}, "not all of this report worked"),
        ({"business": "Kiebitzplan"}, "the report of another business"),
    ):
        make_report(ours.out, **changed)
        with pytest.raises(InputError, match=said):
            ours.deliver(REPORT)
    with pytest.raises(InputError, match="has not been made"):
        ours.deliver(editions.report("2026-12"))
    (ours.out / ".plan.json").write_text(
        '{"business": "Kiebitzplan", "rows": [], "taken_out": [], "columns": [], "digests": {}}'
    )
    with pytest.raises(InputError, match="the lists of another business"):
        ours.deliver(LIST)
    assert box.mails == []


def test_a_folder_that_cannot_be_written_to_is_said(posted: Posted, waited):
    ours = posted(eml="outbox")
    (ours.out / "outbox").write_text("in the way")
    standing = only(ours)
    assert standing.state == "not sent" and "outbox: " in standing.why and waited == []
