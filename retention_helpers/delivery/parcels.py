"""A message in the forms in which it goes out: a mail with the page attached, and what Slack takes.

Headlines are made of counts, yet everything in them is taken for what a stranger may have written.
"""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime

from retention_helpers.business.identity import Identity
from retention_helpers.contract.delivering import Deliver
from retention_helpers.delivery.editions import Told

_LONGEST = 300  # letters of a line


@dataclass(frozen=True)
class Parcel:
    """A message to the owner.

    Attributes:
        key: what it is about; of one business no second message of the same key goes out the same way.
        business: whose it is.
        subject: of the mail.
        told: what it says.
        page: the page that is attached; "" for none.
        remarks: what else has to be said, such as an earlier message that did not arrive.
    """

    key: str
    business: Identity
    subject: str
    told: Told
    page: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The same for the same message, whenever it is sent; it tells nothing of the business.

        >>> told = Told("Nobody.", [])
        >>> Parcel("today/2026-11-03", Identity("Harbour Desk", "data"), "", told).mark
        'retention-today-2026-11-03-68d82298a9'
        """
        whole = f"{self.business.mark}\n{self.key}".encode()
        digest = hashlib.blake2b(whole, digest_size=5).hexdigest()
        return f"retention-{re.sub(r'[^A-Za-z0-9-]+', '-', self.key)}-{digest}"

    @property
    def lines(self) -> list[str]:
        return [plain(line) for line in (self.told.headline, *self.told.counts, *self.remarks)]


def plain(text: str, *, longest: int = _LONGEST) -> str:
    """A text on one line, without signs that nobody sees.

    >>> plain("a\\r\\nBcc: b\\u202e c")
    'a Bcc: b c'
    """
    seen = "".join(" " if sign.isspace() else sign for sign in text)
    shown = (sign for sign in seen if unicodedata.category(sign)[0] != "C")
    return " ".join("".join(shown).split())[:longest]


def as_mail(parcel: Parcel, deliver: Deliver) -> bytes:
    """The mail, with the page attached as a file."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = deliver.sender
    mail["To"] = ", ".join(deliver.to)
    mail["Subject"] = plain(parcel.subject)
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = f"<{parcel.mark}@{deliver.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    head, *others = parcel.lines
    listed = "\n".join(f"- {line}" for line in others)
    closing = "\n\nThe page is attached." if parcel.page else ""
    mail.set_content("\n\n".join(part for part in (head, listed) if part) + closing + "\n")
    if parcel.page:
        mail.add_attachment(
            parcel.page.encode("utf-8"),
            maintype="text",
            subtype="html",
            params={"charset": "utf-8"},
            filename=f"{parcel.mark.rpartition('-')[0]}.html",
        )
    return mail.as_bytes()


def as_slack(parcel: Parcel) -> bytes:
    """What Slack's incoming webhooks take: text alone, in which nothing is a link, a mention or a format."""
    head, *others = (slack_text(line) for line in [plain(parcel.subject), *parcel.lines])
    said = {
        "text": "\n".join([head, *(f"• {line}" for line in others)]),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return json.dumps(said, ensure_ascii=False).encode("utf-8")


def slack_text(text: str) -> str:
    """A text as text, for Slack and for those who take its form and read Markdown and names in it.

    >>> slack_text("<!channel> R&D"), slack_text("[here](https://x.example), @all")
    ('&lt;!channel&gt; R&amp;D', '[here] (https://x.example), @ all')
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"(?<!\w)@(?=\w)", "@ ", escaped.replace("](", "] ("))
