"""A business's post: its reports and lists go to its owner, and so does word of what failed."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retention_helpers.business.identity import Identity, identity_of
from retention_helpers.contract.delivering import Deliver
from retention_helpers.contract.settings import SETTINGS_FILE, Settings, read_settings
from retention_helpers.delivery import delivering, editions, journal, matters
from retention_helpers.delivery.attached import attached
from retention_helpers.delivery.delivering import Standing
from retention_helpers.delivery.editions import Edition, Told
from retention_helpers.delivery.journal import Entry
from retention_helpers.delivery.matters import Matter
from retention_helpers.delivery.parcels import Parcel
from retention_helpers.delivery.recipients import last_reading, reading, refuse_customers
from retention_helpers.delivery.ways import Way, ways
from retention_helpers.gate.kept import CACHE
from retention_helpers.words.commands import command
from retention_helpers.words.errors import InputError

OFF = (
    f"Nothing is delivered: {{}} says nowhere where to. Write into it, such as:\n"
    "deliver:\n"
    "  to: you@example.com\n"
    "  eml: outbox  # mails as files; or smtp: {host: smtp.example.com, user: you@example.com}"
)


@dataclass(frozen=True)
class Post:
    """The post of a data folder and a reports' folder.

    Attributes:
        data: where the settings lie.
        out: where the reports lie.
        settings: the owner's choices.
        identity: whose post it is.
    """

    data: Path
    out: Path
    settings: Settings
    identity: Identity
    cache: Path = CACHE

    @property
    def is_on(self) -> bool:
        return self.settings.deliver is not None

    @property
    def where(self) -> Deliver:
        """Where to. Raises InputError where the owner named nothing."""
        if self.settings.deliver is None:
            raise InputError(OFF.format(self.data / SETTINGS_FILE))
        return self.settings.deliver

    @property
    def way_names(self) -> list[str]:
        told = self.settings.deliver or Deliver()
        named = {"mail": told.smtp is not None, "eml": bool(told.eml), "webhook": told.webhook}
        return [name for name, is_named in named.items() if is_named]

    def entries(self) -> list[Entry]:
        return journal.of_business(self.out, self.identity)

    def matters(self) -> list[Matter]:
        """What failed, and what did not arrive or may not have."""
        return matters.matters(self.entries(), self.way_names)

    def deliver(self, what: Edition, *, again: bool = False) -> list[Standing]:
        """Deliver an edition on every way on which it has not gone yet."""
        told = editions.told(self.out, what, self.identity)
        remarks = tuple(one.said for one in self.matters() if one.about != what.key)
        page = attached(editions.page(self.out, what), what.key)
        subject = f"{self.identity.name}: {what.title}"
        parcel = Parcel(what.key, self.identity, subject, told, page, remarks)
        refuse_customers(self.where.to, reading(self.data, self.cache), self.settings.internal_accounts)
        return delivering.send(self.out, parcel, self._ways(), again=again)

    def tell_failure(self, about: str, title: str, why: str) -> list[Standing]:
        """Tell the owner that something could not be made: each cause once, and where to read it, not itself."""
        status = command("status --data … --out …")
        told = Told(f"{title[0].upper()}{title[1:]} could not be made.", [f"Why: {status}"])
        cause = hashlib.blake2b(why.encode(), digest_size=4).hexdigest()
        subject = f"{self.identity.name}: {title} failed"
        parcel = Parcel(f"{about or 'report'}/failed/{cause}", self.identity, subject, told)
        if customers := last_reading(self.data, self.cache):  # where none is kept, the data may be what failed
            refuse_customers(self.where.to, customers, self.settings.internal_accounts)
        return delivering.send(self.out, parcel, self._ways())

    def arrived(self, about: str) -> list[str]:
        """Note that an edition did arrive wherever nobody knows; returns the ways."""
        known = delivering.standings(self.entries()).values()
        open_ways = [one.way for one in known if one.about == about and one.state != "sent"]
        for way in open_ways:
            journal.note(self.out, "sent", about, business=self.identity.mark, way=way)
        return open_ways

    def due(self, today: dt.date) -> list[Edition]:
        """What goes out if nothing is named: the last report, earlier ones that did not arrive, today's list."""
        known = delivering.standings(self.entries()).values()
        failed = {one.about for one in known if one.state == "not sent" and one.way in self.way_names}
        there = editions.reports(self.out)
        missing = [what for what in there[:-1] if what.key in failed]
        return [*missing, *there[-1:], *(one for one in editions.lists(self.out) if one.name == str(today))]

    def _ways(self) -> Sequence[Way]:
        return ways(self.where, self.data, self.out)


def post(data: Path, out: Path) -> Post:
    """The post of two folders. Raises InputError where the settings cannot be read."""
    settings = read_settings(data)
    return Post(data, out, settings, identity_of(settings, data.resolve()))
