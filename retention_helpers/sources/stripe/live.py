"""Stripe, asked directly: subscriptions of every status, invoices and customers, read and never changed.

The key is read from the environment, is sent to Stripe, and is written nowhere. What has been fetched lies in
a hidden folder beside the tables until all is there, so that an import that was interrupted goes on where it
was.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from retention_helpers.sources.interface import Imported, Importer, Order
from retention_helpers.sources.stripe.reading import read_as
from retention_helpers.words.commands import command
from retention_helpers.words.errors import InputError

if TYPE_CHECKING:
    import stripe

KEY = "STRIPE_API_KEY"
ADDRESS = "https://api.stripe.com"
FOLDER = ".stripe"
PAGE = 100  # as many as Stripe gives at once
TRIES = 6
GOES_ON_FOR = 24 * 3600  # seconds; an older beginning is fetched anew, because too much has changed since
PERMISSIONS = "Customers, Subscriptions and Invoices"

# What is fetched, in this order; discounts are named by their id alone unless they are asked for.
_ASKED: Mapping[str, Mapping[str, Any]] = {
    "subscriptions": {"status": "all", "expand": ["data.discounts", "data.discounts.source.coupon"]},
    "invoices": {},
    "customers": {"expand": ["data.discount.source.coupon"]},
}


def read(order: Order) -> Imported:
    """Fetch what the account holds, and read it as any files of Stripe."""
    if order.home is None:
        raise InputError(
            f"stripe-live is fetched with `{command('import stripe-live --out DIR')}` and not by a report, "
            "because a report never uses the network. Take it out of `sources:`."
        )
    folder = order.home / FOLDER
    files = [file for file in fetch(_key(), folder) if file.stat().st_size]
    if not any(file.stem == "subscriptions" for file in files):
        raise InputError(f"The account of the key in {KEY} holds no subscription.")
    imported = read_as(replace(order, files=files), holds_all=True)
    shutil.rmtree(folder, ignore_errors=True)
    return imported


def _key() -> str:
    """The key of the environment; raises InputError for none, and for one that may do more than read."""
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise InputError(
            f"The environment holds no {KEY}. In Stripe's dashboard make a restricted key that may read "
            f"{PERMISSIONS} and nothing else, and say: export {KEY}=rk_live_…"
        )
    if not key.startswith("rk_"):
        raise InputError(
            f"{KEY} holds no restricted key (those begin with rk_). Make one that may read {PERMISSIONS} and "
            "nothing else: no other key is used here."
        )
    return key


def fetch(key: str, folder: Path) -> list[Path]:
    """Fetch every object that is not in the folder yet, a file of JSON Lines a kind."""
    _prepare(folder, key)
    account = _Account(key)
    return [_fetch_kind(account, kind, folder) for kind in _ASKED]


def _prepare(folder: Path, key: str) -> None:
    """An empty folder, or the one of a beginning that is young enough and of the same key."""
    mark = folder / "of"
    of = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
    with contextlib.suppress(OSError):
        age = time.time() - mark.stat().st_mtime
        if age < GOES_ON_FOR and mark.read_text(encoding="ascii") == of:
            return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    mark.write_text(of, encoding="ascii")


def _fetch_kind(account: "_Account", kind: str, folder: Path) -> Path:
    """The file of a kind: there already, or fetched from where its beginning ends."""
    whole, part = folder / f"{kind}.jsonl", folder / f"{kind}.part"
    if whole.exists():
        return whole
    try:
        _fetch_rest(account, kind, part)
    except _Gone:
        part.unlink()
        _fetch_rest(account, kind, part)
    part.rename(whole)
    return whole


class _Gone(Exception):
    """The object after which a list was to go on has been deleted since."""


def _fetch_rest(account: "_Account", kind: str, part: Path) -> None:
    """Fetch what comes after the last object of a beginning, and add it page by page."""
    count, last = _whole_lines(part)
    with part.open("a", encoding="utf-8") as file, tqdm(desc=kind, initial=count, disable=None) as bar:
        for page in account.pages(kind, f"/v1/{kind}", _ASKED[kind], after=last):
            lines = [json.dumps(account.whole(found)) for found in page]
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            bar.update(len(lines))


def _whole_lines(part: Path) -> tuple[int, str]:
    """How many objects a beginning holds, and the id of the last; a line that was cut off is dropped."""
    count, last, end = 0, "", 0
    if part.exists():
        with part.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                count, last, end = count + 1, json.loads(line)["id"], end + len(line)
        os.truncate(part, end)
    return count, last


@dataclass
class _Account:
    """The account that a key opens. Every request is a GET."""

    key: str
    _client: "stripe.StripeClient | None" = None

    def __repr__(self) -> str:
        return "_Account()"  # never with its key

    @property
    def client(self) -> "stripe.StripeClient":
        if self._client is None:
            stripe = _package()
            stripe.enable_telemetry = False
            self._client = stripe.StripeClient(
                self.key,
                base_addresses={"api": ADDRESS},
                max_network_retries=TRIES,
                http_client=stripe.RequestsClient(timeout=80),
            )
        return self._client

    def pages(
        self, kind: str, path: str, asked: Mapping[str, Any], after: str = ""
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list, after an object of it."""
        more = True
        while more:
            where = {"starting_after": after} if after else {}
            answer = self._get(kind, path, {"limit": PAGE, **asked, **where})
            found = answer["data"]
            more = bool(answer.get("has_more") and found)
            after = found[-1]["id"] if found else after
            yield found

    def whole(self, found: dict[str, Any]) -> dict[str, Any]:
        """An object; an invoice with the lines that its list left out."""
        lines = found.get("lines") or {}
        if found.get("object") != "invoice" or not lines.get("has_more"):
            return found
        after = lines["data"][-1]["id"] if lines["data"] else ""
        rest = self.pages("invoices", f"/v1/invoices/{found['id']}/lines", {}, after)
        data = [*lines["data"], *(line for page in rest for line in page)]
        return {**found, "lines": {**lines, "data": data, "has_more": False}}

    def _get(self, kind: str, path: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        stripe = _package()
        for nth in range(1, TRIES + 1):
            try:
                answer: Mapping[str, Any] = self.client.raw_request("get", path, **asked).data
                return answer
            except stripe.RateLimitError:
                if nth < TRIES:
                    _wait(nth)
            except stripe.StripeError as error:
                if error.code == "resource_missing" and "starting_after" in asked:
                    raise _Gone from None
                raise InputError(_told(kind, error)) from None
        raise InputError(f"Stripe asks to go slower while it is asked for {kind}. {_LATER}")


def _wait(nth: int) -> None:
    """A little longer each time, as Stripe asks for."""
    time.sleep(min(0.5 * 2**nth, 20))


_LATER = "Import again a little later: it goes on where it was."


def _told(kind: str, error: "stripe.StripeError") -> str:
    """What went wrong, without a word of the key, which Stripe's own messages quote in part."""
    stripe = _package()
    if isinstance(error, stripe.AuthenticationError):
        return f"Stripe does not know the key in {KEY}, or it has expired. Look it up in the dashboard."
    if isinstance(error, stripe.PermissionError):
        return f"The key in {KEY} may not read {kind}. Let it read {PERMISSIONS}."
    if isinstance(error, stripe.APIConnectionError):
        return f"Stripe cannot be reached. {_LATER}"
    return f"Stripe could not answer for {kind} (status {error.http_status}). {_LATER}"


def _package() -> Any:
    """The package `stripe`, which only this importer uses; silent, because its log quotes whole answers."""
    os.environ.pop("STRIPE_LOG", None)
    try:
        import stripe
    except ImportError:
        raise InputError("The package stripe is missing: .venv/bin/pip install stripe") from None
    logging.getLogger("stripe").disabled = True
    return stripe


IMPORTER = Importer(
    name="stripe-live",
    about=f"Stripe itself, with a restricted key in {KEY}",
    recognises=lambda columns: "",
    read=read,
    is_fetched=True,
)
