"""Which business a report is of, so that next month's knows it again, from whatever folder the data come."""

from dataclasses import dataclass
from pathlib import Path

from retention_helpers.contract.settings import Settings

UNNAMED = Settings().business


@dataclass(frozen=True)
class Identity:
    """A business as its reports name it.

    Attributes:
        name: the setting `business`.
        folder: the name of the data folder, by which a business without that line is known.
        only: the customers to whom it was narrowed, in words; "": all. Then it is another business.
    """

    name: str
    folder: str
    only: str = ""

    @property
    def mark(self) -> str:
        """What its reports bear.

        >>> Identity("Harbour Desk", "2026-10").mark, Identity("Your business", "data").mark
        ('Harbour Desk', 'Your business (data)')
        """
        whole = f"{self.name} ({self.folder})" if self.name == UNNAMED else self.name
        return f"{whole}, only {self.only}" if self.only else whole

    def is_of(self, mark: str) -> bool:
        """Whether a report that bears this mark is one of this business.

        Reports of before bear the folder beside the name, or beside none where `business:` was not written
        yet.

        >>> ours = Identity("Harbour Desk", "data")
        >>> [ours.is_of(mark) for mark in ("Harbour Desk (May)", "Your business (data)", "Harbour Desk Two")]
        [True, True, False]
        """
        if mark == self.mark or self.only:
            return mark == self.mark
        of_before = mark.startswith(f"{self.name} (") and mark.endswith(")")
        return self.name != UNNAMED and (of_before or mark == f"{UNNAMED} ({self.folder})")


def identity_of(settings: Settings, folder: Path, only: str = "") -> Identity:
    return Identity(settings.business, folder.name, only)
