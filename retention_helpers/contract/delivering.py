"""Where reports and lists are delivered to their owner: the setting `deliver`, off unless it is written.

No secret stands here: what is asked of a server stands in the environment, or in a file beside the settings.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retention_helpers.contract.yaml_files import Unfit, fits
from retention_helpers.words.errors import nearest

MOST_ADDRESSES = 10
TLS = ("starttls", "implicit", "none")
PORTS = {"starttls": 587, "implicit": 465, "none": 25}
_IMPLICIT_PORT = PORTS["implicit"]
# As mail servers everywhere take them; no line can be broken in one, and no second address hidden.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}", re.ASCII)
_KEYS = ("to", "from", "smtp", "eml", "webhook")
_OF_SMTP = ("host", "port", "tls", "user")
_NO_SECRET = "A secret is not written here, but in the environment or in the file .secrets beside this one"


@dataclass(frozen=True)
class Smtp:
    """A mail server.

    Attributes:
        tls: starttls, implicit (from the first byte on), or none, which only this machine itself may take.
        user: to log in as; "" where the server asks for nobody.
    """

    host: str
    port: int
    tls: str
    user: str = ""


@dataclass(frozen=True)
class Deliver:
    """Where to.

    Attributes:
        to: the owner's addresses.
        sender: the address that mails come from.
        smtp: the server that takes mails; None where none does.
        eml: the folder for mails as files, seen from the reports' folder; "" for none.
        webhook: whether a message goes to an address in Slack's form.
    """

    to: tuple[str, ...] = ()
    sender: str = ""
    smtp: Smtp | None = None
    eml: str = ""
    webhook: bool = False


def is_this_machine(host: str) -> bool:
    """
    >>> is_this_machine("localhost"), is_this_machine("127.0.0.1"), is_this_machine("mail.example.com")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def deliver(value: Any) -> Deliver:
    """The setting as it is written. Raises Unfit, which repeats no value: one may be a secret."""
    if isinstance(value, str):
        raise Unfit(f"it should hold lines, such as to: you@example.com. {_NO_SECRET}.")
    _refuse_unknown(value, _KEYS)
    to = _addresses(value.get("to"))
    smtp = None if value.get("smtp") is None else _smtp(value["smtp"])
    eml = _path(value.get("eml") or "")
    webhook = value.get("webhook") or False
    if not isinstance(webhook, bool):
        raise Unfit(f"webhook should be true. {_NO_SECRET}, as RETENTION_WEBHOOK.")
    if (smtp or eml) and not to:
        raise Unfit("to is missing, such as to: you@example.com.")
    if not (smtp or eml or webhook):
        raise Unfit("smtp, eml or webhook is missing, such as eml: outbox.")
    sender = _address(value["from"], "from") if value.get("from") is not None else next(iter(to), "")
    return Deliver(to, sender, smtp, eml, webhook)


def _refuse_unknown(value: Mapping[Any, Any], known: Sequence[str], within: str = "") -> None:
    for key in value:
        if key not in known:
            is_secret = str(key).lower() in ("password", "pass", "secret", "token", "url")
            way_out = f"{_NO_SECRET}, as RETENTION_SMTP_PASSWORD." if is_secret else nearest(key, known)
            raise Unfit(f"{within}{key} is none of its keys. {way_out}")


def _addresses(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if len(listed) > MOST_ADDRESSES:
        raise Unfit(f"to should hold at most {MOST_ADDRESSES} addresses.")
    return tuple(_address(one, "to") for one in listed)


def _address(value: Any, key: str) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value.strip()):
        raise Unfit(f"{key} should be an address such as you@example.com, in plain letters.")
    return value.strip()


def _path(value: Any) -> str:
    if not isinstance(value, str) or any(ord(sign) < 32 for sign in value):
        raise Unfit("eml should be the name of a folder, such as outbox.")
    try:
        Path(value.strip()).expanduser()
    except RuntimeError:
        raise Unfit(
            "eml begins with ~ and the name of nobody on this machine. Write the whole path."
        ) from None
    return value.strip()


def _smtp(value: Any) -> Smtp:
    if not isinstance(value, dict):
        raise Unfit("smtp should hold host, and where they differ port, tls and user.")
    _refuse_unknown(value, _OF_SMTP, "smtp: ")
    host, user = value.get("host"), value.get("user") or ""
    if not isinstance(host, str) or not _HOST.fullmatch(host.strip()):
        raise Unfit("smtp: host should be the name of a mail server, such as smtp.example.com.")
    if not isinstance(user, str) or not user.isprintable():
        raise Unfit("smtp: user should be the name to log in with.")
    port = value.get("port")
    if port is not None and (not fits(port, int) or not 1 <= port <= 65535):
        raise Unfit("smtp: port should be a whole number, 1 to 65535.")
    tls = value.get("tls") or ("implicit" if port == _IMPLICIT_PORT else "starttls")
    if tls not in TLS:
        raise Unfit(f"smtp: tls should be {', '.join(TLS[:-1])} or {TLS[-1]}.")
    if tls == "none" and not is_this_machine(host.strip()):
        raise Unfit("smtp: tls may be none only for a server on this machine: a report would go in the open.")
    return Smtp(host.strip(), port or PORTS[tls], tls, user.strip())
