"""What a customer's further columns are: personal ones, ones that leak the outcome, and those to compare.

Personal columns are never compared or shown. A column that goes on changing after sign-up (sessions so far,
total charges, a status) knows who left, and would "explain" every loss.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

RECORD = "attributes.json"

_PERSONAL = frozenset(
    {"email", "mail", "emails", "phone", "telephone", "telefon", "mobile", "cellphone", "fax", "name",
     "names", "surname", "firstname", "lastname", "fullname", "forename", "vorname", "nachname", "username",
     "nickname",
     "contact", "address", "street", "strasse", "postcode", "zip", "zipcode", "iban", "bic", "vat", "ssn",
     "passport", "birthday", "birthdate", "dob", "ip", "website", "domain", "url", "linkedin", "twitter"}
)  # fmt: skip
_OF_PERSONS = frozenset(
    {"name", "names", "surname", "firstname", "lastname", "fullname", "forename", "vorname", "nachname",
     "nickname", "contact"}
)  # fmt: skip
# What follows these is the name of something else than a person or a firm.
_THINGS = frozenset(
    {"plan", "product", "campaign", "channel", "segment", "industry", "event", "country", "region"}
)

_CHANGING = re.compile(
    r"(is_|has_)?(churn\w*|cancel\w*|attrition|left|retained|active|inactive|deleted|unsubscribed\w*)"
    r"|(customer_|account_|subscription_|user_)?(status|state|stage|lifecycle_stage|health(_score)?)"
    r"|(time_of_)?last_\w+|\w+_last_\w+|latest_\w+|most_recent_\w+|days_since_\w+|recency"
    r"|(total|lifetime|cumulative|all_time)_?\w+|ltv|clv|\w+_to_date|\w+_so_far"
    r"|tenure\w*|\w+_tenure|(months|days|weeks|years)_(active|as_customer|subscribed)|account_age\w*"
    r"|(number_of_|num_|n_)?(sessions?|logins?|visits|page_?views|invoices|renewals|payments|refunds|tickets)(_count)?"
    r"|(marketing_)?emails_(delivered|opened|clicked|bounced)|sends_since_\w+"
    r"|(end|ended|expiry|expiration|exit|termination)_(date|at|on)|(updated|modified)_(at|on|date)?"
    r"|current_(mrr|plan|status|period\w*)|mrr|arr|balance|next_(invoice|payment|renewal)\w*"
)


CHANNELS = ("acquisition_channel", "channel", "source", "utm_source", "referrer", "marketing_channel")
COUNTRIES = ("country", "country_code")


def first_called(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The column that is called by the first of these names, in any spelling; None where none is.

    >>> first_called(["Country", "UTM source"], CHANNELS), first_called(["industry"], COUNTRIES)
    ('UTM source', None)
    """
    known = {plain(column): column for column in columns}
    return next((known[name] for name in names if name in known), None)


def same_channel(channel: str) -> str:
    """The name of a channel without its capitals, blanks and dashes: those of two tables are held together.

    >>> same_channel("Paid Social") == same_channel("paid_social"), same_channel("Café-Flyer")
    (True, 'café flyer')
    """
    return " ".join(re.sub(r"[\s_-]+", " ", channel).casefold().split())


def plain(name: str) -> str:
    """A column's name in one spelling, whatever its capitals, blanks and dashes.

    >>> plain("E-Mail"), plain("contactPhone"), plain(" Number of Sessions ")
    ('e_mail', 'contact_phone', 'number_of_sessions')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def is_personal(name: str, named: Iterable[str] = ()) -> bool:
    """Whether a column tells who somebody is, by its name; `named` are the owner's own.

    >>> [is_personal(name) for name in ("E-Mail", "full_name", "contact_phone", "plan_name", "country")]
    [True, True, True, False, False]
    """
    simple = plain(name)
    if simple in {plain(one) for one in named}:
        return True
    words = simple.replace("e_mail", "email").split("_")
    if len(words) > 1 and words[-1] == "name" and words[-2] in _THINGS:
        return False
    return not _PERSONAL.isdisjoint(words)


def holds_names(name: str) -> bool:
    """Whether a personal column holds what a person is called.

    >>> [holds_names(name) for name in ("full_name", "lastName", "email", "phone")]
    [True, True, False, False]
    """
    return not _OF_PERSONS.isdisjoint(plain(name).split("_"))


def email_column(columns: Iterable[str]) -> str | None:
    """The column that holds e-mails, by its name.

    >>> email_column(["name", "Customer E-Mail"]), email_column(["emails_opened", "country"])
    ('Customer E-Mail', None)
    """
    spelt = {column: plain(column).replace("e_mail", "email") for column in columns}
    return next((one for one, name in spelt.items() if name == "mail" or re.search("email(?!s)", name)), None)


def personal(columns: Iterable[str], named: Iterable[str]) -> list[str]:
    """The columns that tell who somebody is, by their names."""
    mine = list(named)
    return [column for column in columns if is_personal(column, mine)]


def goes_on_changing(name: str) -> bool:
    """Whether a column's name is one of something that changes after sign-up.

    >>> [goes_on_changing(name) for name in ("Last Activity Date", "TotalCharges", "tenure", "industry")]
    [True, True, True, False]
    """
    return _CHANGING.fullmatch(plain(name)) is not None


@dataclass(frozen=True)
class Attributes:
    """What the gate found about the further columns of customers.

    Attributes:
        columns: all of them, in the order of the file.
        personal: those that tell who somebody is: never compared or shown.
        leaking: those that know who left: set apart, unless the owner names them in `attributes`.
    """

    columns: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    leaking: tuple[str, ...] = ()

    def compared(self, named: Collection[str] = ()) -> tuple[str, ...]:
        """The attributes to compare: those that the owner named, else all that are not set apart."""
        allowed = [column for column in self.columns if column not in self.personal]
        if named:
            return tuple(column for column in allowed if column in named)
        return tuple(column for column in allowed if column not in self.leaking)


def save(found: Attributes, kept: Path) -> None:
    (kept / RECORD).write_text(json.dumps(asdict(found), ensure_ascii=False), encoding="utf-8")


def load(kept: Path) -> Attributes:
    """What the gate found, from what it kept."""
    found = json.loads((kept / RECORD).read_text(encoding="utf-8"))
    return Attributes(**{name: tuple(columns) for name, columns in found.items()})
