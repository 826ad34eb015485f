"""A business's post: its reports and lists go to its owner, and so does word of what failed."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retention_helpers.business.identity import Identity, identity_of
from retention_helpers.contract.delivering import Deliver
from retention_helpers.contract.settings import SETTINGS_FILE, Settings, read_settings
from retention_helpers.delivery import delivering, editions, journal, matters, runs
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
    "Nothing is delivered: {path} does not say where to. Write into it, such as:\n"
    "deliver:\n"
    "  to: you@example.com\n"
    "  eml: outbox  # mails as files; or smtp: {{host: smtp.example.com, user: you@example.com}}"
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
            raise InputError(OFF.format(path=self.data / SETTINGS_FILE))
        return self.settings.deliver

    @property
    def way_names(self) -> list[str]:
        told = self.settings.deliver or Deliver()
        named = {"mail": told.smtp is not None, "eml": bool(told.eml), "webhook": told.webhook}
        return [name for name, is_named in named.items() if is_named]

    def entries(self) -> list[Entry]:
        """What happened, the oldest first."""
        return runs.history(self.out, self.identity)

    def matters(self) -> list[Matter]:
        """What failed, and what did not arrive or may not have."""
        return matters.matters(self.entries(), self.way_names)

    def deliver(self, what: Edition, *, again: bool = False) -> list[Standing]:
        """Deliver an edition on every way on which it has not gone yet."""
        told = editions.told(self.out, what, self.identity)
        remarks = tuple(one.told for one in self.matters() if one.about != what.key)
        page = attached(editions.page(self.out, what), what.key)
        subject = f"{self.identity.name}: {what.title}"
        parcel = Parcel(what.key, self.identity, subject, told, page, remarks)
        return delivering.send(self.out, parcel, self._ways(), self._refuse_customers, again=again)

    def tell(self, about: str, said: str, cause: str, *, but: str = "") -> list[Standing]:
        """Tell the owner what failed, each cause once, on every way but one.

        The message does not hold the cause, which may repeat a cell of the data.
        """
        told = Told(said, [f"Why, and what to do: {command('status --data … --out …')}"])
        digest = hashlib.blake2b(cause.encode(), digest_size=4).hexdigest()
        key = f"{about or 'report'}/failed/{digest}"
        parcel = Parcel(key, self.identity, f"{self.identity.name}: something failed", told)
        others = [one for one in self._ways() if one.name != but]
        return delivering.send(self.out, parcel, others, self._refuse_known_customers)

    def arrived(self, about: str) -> list[str]:
        """Note that an edition did arrive wherever nobody knows; returns the ways."""
        known = delivering.standings(self.entries()).values()
        open_ways = [one.way for one in known if one.about == about and one.state == "unsure"]
        for way in open_ways:
            journal.note(self.out, "sent", about, business=self.identity.mark, way=way)
        return open_ways

    def due(self, today: dt.date) -> list[Edition]:
        """What goes out if nothing is named: the last report, earlier ones not sent, today's list."""
        known = delivering.standings(self.entries()).values()
        failed = {one.about for one in known if one.state == "not sent" and one.way in self.way_names}
        there, left = editions.reports(self.out), self.left()
        missing = [what for what in there[:-1] if what.key in failed or what in left]
        return [*missing, *there[-1:], *(one for one in editions.lists(self.out) if one.name == str(today))]

    def left(self) -> list[Edition]:
        """The whole reports that were never handed over, though one before was: a run ended too early."""
        whole = [what for what in editions.reports(self.out) if self._is_whole(what)]
        keys = delivering.never_handed_over([what.key for what in whole], self.entries(), self.way_names)
        return [what for what in whole if what.key in keys]

    def _is_whole(self, what: Edition) -> bool:
        return editions.is_whole(self.out, what.name, self.identity)

    def ready(self) -> None:
        """Raise InputError where nothing can be sent: to nowhere, to a customer, or with an open secret."""
        for way in self._ways():
            way.ready()
        self._refuse_customers()

    def _refuse_customers(self) -> None:
        refuse_customers(self.where.to, reading(self.data, self.cache), self.settings.internal_accounts)

    def _refuse_known_customers(self) -> None:
        """The same for word of what failed, which may be the data themselves: then by their last reading."""
        customers = last_reading(self.data, self.cache)
        if customers:
            refuse_customers(self.where.to, customers, self.settings.internal_accounts)

    def _ways(self) -> Sequence[Way]:
        return ways(self.where, self.data, self.out)


def post(data: Path, out: Path) -> Post:
    """The post of two folders. Raises InputError where the settings cannot be read."""
    settings = read_settings(data)
    return Post(data, out, settings, identity_of(settings, data.resolve()))
