"""The ways to the owner: a mail server, a mail as a file, a webhook.

Each takes a message in two steps. Up to `hand_over` nothing can have arrived, so whatever goes wrong may be
tried again. After it only the other side's answer tells, and where that is missing nobody knows.
"""

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from retention_helpers.contract.delivering import Deliver, Smtp, is_this_machine
from retention_helpers.delivery import secret
from retention_helpers.delivery.journal import settle
from retention_helpers.delivery.parcels import Parcel, as_mail, as_slack, plain
from retention_helpers.words.errors import InputError, without_secrets

SECONDS = 30  # to wait for an answer
LONGEST_REASON = 600  # letters
NO_WAY = (OSError, UnicodeError)  # the second of a name that can be no server's, such as smtp..example.com
HandOver = Callable[[], None]  # called when from now on the message may arrive


class NotSent(Exception):
    """It has not arrived, for sure.

    Attributes:
        passes: whether it may go well if tried again.
        wait: the seconds for which the other side asked; 0 where it did not.
    """

    def __init__(self, why: str, *, passes: bool = False, wait: float = 0) -> None:
        super().__init__(without_secrets(plain(why, longest=LONGEST_REASON)))
        self.passes, self.wait = passes, wait


class Unsure(Exception):
    """It was handed over, and no answer came."""

    def __init__(self, why: str) -> None:
        super().__init__(without_secrets(plain(why, longest=LONGEST_REASON)))


class Way(Protocol):
    @property
    def name(self) -> str: ...

    def ready(self) -> None:
        """Raise InputError where a secret is missing, or lies open."""

    def send(self, parcel: Parcel, hand_over: HandOver) -> None:
        """Hand the message over; when this returns it has arrived. Raises NotSent, Unsure and InputError."""

    def arrived(self, parcel: Parcel) -> bool | None:
        """Whether a message that was being handed over did arrive; None where nobody can tell."""


def ways(deliver: Deliver, data: Path, out: Path) -> Sequence[Way]:
    """The ways that the settings name."""
    found: list[Way] = []
    if deliver.smtp:
        found.append(MailServer(deliver, deliver.smtp, data))
    if deliver.eml:
        found.append(MailFile(deliver, out / Path(deliver.eml).expanduser()))
    if deliver.webhook:
        found.append(Webhook(data))
    return found


# --- a file


@dataclass(frozen=True)
class MailFile:
    """A mail as a file, its name the key: written beside its place, then renamed, which is the handing over.

    While the file beside is there it was not renamed; when it has gone it was. So this way is never unsure.
    """

    deliver: Deliver
    folder: Path
    name: str = "eml"

    def ready(self) -> None: ...

    def send(self, parcel: Parcel, hand_over: HandOver) -> None:
        part = self._part(parcel)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(as_mail(parcel, self.deliver))
                file.flush()
                os.fsync(file.fileno())
            settle(self.folder)
            hand_over()
            os.replace(part, self.folder / f"{parcel.mark}.eml")
            settle(self.folder)
        except OSError as error:
            raise NotSent(f"{self.folder}: {error.strerror or error}") from None

    def arrived(self, parcel: Parcel) -> bool:
        return not self._part(parcel).exists()

    def _part(self, parcel: Parcel) -> Path:
        return self.folder / f".{parcel.mark}.part"


# --- a mail server


@dataclass(frozen=True)
class MailServer:
    """SMTP. The message is handed over with its content, when sender and every address were taken."""

    deliver: Deliver
    server: Smtp
    data: Path
    name: str = "mail"

    def ready(self) -> None:
        self._password()

    def _password(self) -> str:
        return secret.secret(secret.PASSWORD, self.data) if self.server.user else ""

    def send(self, parcel: Parcel, hand_over: HandOver) -> None:
        mail = as_mail(parcel, self.deliver)
        with self._connected() as session:
            with self._refusals():
                self._taken(
                    session.mail(self.deliver.sender, [f"size={len(mail)}"] * session.has_extn("size"))
                )
                for address in self.deliver.to:
                    self._taken(session.rcpt(address))
            hand_over()
            try:
                self._taken(session.data(mail))
            except smtplib.SMTPDataError as error:
                self._taken((error.smtp_code, error.smtp_error))
            except (OSError, smtplib.SMTPException) as error:
                raise Unsure(f"{self.server.host} gave no answer ({_words(error)})") from None

    def arrived(self, parcel: Parcel) -> None:
        return None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        password = self._password()
        with self._refusals():
            session = self._opened()
        try:
            with self._refusals():
                if self.server.tls == "starttls":
                    session.starttls(context=ssl.create_default_context())
                if self.server.user:
                    session.login(self.server.user, password)
                session.ehlo_or_helo_if_needed()
            yield session
        finally:
            session.close()  # what has been answered counts; a server that is slow to say goodbye does not

    def _opened(self) -> smtplib.SMTP:
        host, port = self.server.host, self.server.port
        if self.server.tls == "implicit":
            return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=SECONDS)

    def _taken(self, answer: tuple[int, bytes | str]) -> None:
        code, said = answer
        if code not in (250, 251):
            raise NotSent(f"{self.server.host} refused it: {code} {_text(said)}", passes=code < 500)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What goes wrong before the handing over, in words."""
        host = f"{self.server.host}:{self.server.port}"
        try:
            yield
        except smtplib.SMTPResponseException as error:
            said = f"{host} refused: {error.smtp_code} {_text(error.smtp_error)}"
            raise NotSent(said, passes=error.smtp_code < 500) from None
        except smtplib.SMTPNotSupportedError as error:
            raise NotSent(f"{host}: {error}") from None
        except ssl.SSLCertVerificationError as error:
            raise NotSent(f"{host} is not who it says it is: {error.verify_message}") from None
        except (*NO_WAY, smtplib.SMTPException) as error:
            raise NotSent(f"{host} cannot be reached ({_words(error)})", passes=True) from None


# --- a webhook


@dataclass(frozen=True)
class Webhook:
    """A message in Slack's form, posted to an address that is a secret: no error repeats it.

    What a gateway says of a server behind it (502, 504) is no answer of that server. 500 and 503 are: it did
    not take the message.
    """

    data: Path
    name: str = "webhook"

    def ready(self) -> None:
        self._address()

    def _address(self) -> SplitResult:
        return _address(secret.secret(secret.WEBHOOK, self.data))

    def send(self, parcel: Parcel, hand_over: HandOver) -> None:
        address = self._address()
        host = address.hostname or ""
        connection = _connection(address)
        try:
            try:
                connection.connect()
            except ssl.SSLCertVerificationError as error:
                raise NotSent(f"{host} is not who it says it is: {error.verify_message}") from None
            except NO_WAY as error:
                raise NotSent(f"{host} cannot be reached ({_words(error)})", passes=True) from None
            hand_over()
            _refuse(host, *_post(connection, address, as_slack(parcel)))
        finally:
            connection.close()

    def arrived(self, parcel: Parcel) -> None:
        return None


def _connection(address: SplitResult) -> HTTPConnection:
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        return HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=SECONDS)


def _post(connection: HTTPConnection, address: SplitResult, body: bytes) -> tuple[int, float]:
    """The status of the answer, and the seconds to wait for which it asks. A redirect is not followed."""
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", target, body, {"Content-Type": "application/json; charset=utf-8"})
        answer = connection.getresponse()
    except (OSError, HTTPException) as error:
        raise Unsure(f"{address.hostname} gave no answer ({_words(error)})") from None
    wait = answer.getheader("Retry-After", "")
    return answer.status, float(wait) if wait.isdecimal() else 0


def _refuse(host: str, status: int, wait: float) -> None:
    """Raise what an answer means that is not yes."""
    if status in (502, 504):
        raise Unsure(f"{host} gave no answer (HTTP {status})")
    if not 200 <= status < 300:
        raise NotSent(f"{host} refused it: HTTP {status}", passes=status in (408, 429, 500, 503), wait=wait)


def _address(text: str) -> SplitResult:
    """The address of a webhook. Raises InputError, which does not repeat it."""
    try:
        address, port = urlsplit(text), urlsplit(text).port
    except ValueError:
        address, port = urlsplit(""), None
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if not address.hostname or port == 0 or not is_plain or address.username:
        raise InputError(f"{secret.WEBHOOK} is no address of the form https://…")
    if address.scheme != "https" and not (address.scheme == "http" and is_this_machine(address.hostname)):
        raise InputError(f"{secret.WEBHOOK} should begin with https://, so that nobody on the way reads it.")
    return address


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", "") or error) or type(error).__name__
