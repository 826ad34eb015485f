"""A mail server and a web server on loopback, which keep what they took."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

TAKEN = "250 OK"


class Mailbox:
    """What the mail server took, and how it answers.

    Attributes:
        mails: taken, in their order.
        answers: to the next mails; TAKEN when there are no more.
        on_data: is called when a mail was taken, before the answer.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.logged_in: list[tuple[bytes, bytes]] = []
        self.tries = 0
        self.on_data: Callable[[], None] = lambda: None
        self.port = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.tries += 1
        answer = self.answers.pop(0) if self.answers else TAKEN
        if answer == TAKEN:
            mail = message_from_bytes(bytes(envelope.content or b"").replace(b"\r\n", b"\n"), policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.on_data()
        return answer

    def login(self, server: SMTP, session: Session, envelope: Envelope, way: str, asked: Any) -> AuthResult:
        self.logged_in.append((asked.login, asked.password))
        return AuthResult(success=asked.password == b"right", handled=False)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def mail_server(certificate: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """An SMTP server; with a certificate it asks for STARTTLS and for a password, which is `right`."""
    box = Mailbox()
    asks: dict[str, Any] = {"tls_context": certificate, "require_starttls": True, "auth_required": True}
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        authenticator=box.login,
        **(asks if certificate else {"auth_require_tls": False}),
    )
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


class Hook:
    """What was posted, and how the web server answers.

    Attributes:
        posted: each message, as JSON, and the path that it was posted to.
        answers: the next statuses; 200 when there are no more, None for none at all.
        headers: beside them.
        on_post: is called when a message was taken, before the answer.
    """

    def __init__(self) -> None:
        self.posted: list[tuple[str, Any]] = []
        self.answers: list[int | None] = []
        self.headers: dict[str, str] = {}
        self.on_post: Callable[[], None] = lambda: None
        self.address = ""


@contextmanager
def web_server() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posted.append((self.path, json.loads(body)))
            status = hook.answers.pop(0) if hook.answers else 200
            hook.on_post()
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        hook.address = f"http://127.0.0.1:{server.server_port}/services/T0/B0/hush"
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
