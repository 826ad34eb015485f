"""The draws of the plan, frozen: which customers at the margin a lot gave a call, and which it did not.

They lie beside the running plan, where every report reads them, never in the data folder. What is drawn
stays drawn: a report of the same month that is made anew keeps the draw of the first.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from retention_helpers.contract.experiments import Design, Outcome
from retention_helpers.words.errors import InputError

FILE = ".lots.json"
NAME = "calls_at_the_margin"
PLAY = "at_risk"  # the kind of touch that is drawn
NO_CALL, CALLED = "no_call", "call"
HALF = 0.5


@dataclass(frozen=True)
class Lots:
    """All draws of a business.

    Attributes:
        business: whose they are; "" where nothing was drawn yet.
        days: after so many days the outcome is looked at.
        smallest_effect: what the size is planned for.
        baseline: the share that was expected to stay without a call, at the first draw.
        size: the customers an arm that this needs.
        drawn: by the day of a draw, the arm of each customer.
    """

    business: str = ""
    days: int = 0
    smallest_effect: float = 0.0
    baseline: float = 0.0
    size: int = 0
    drawn: Mapping[dt.date, Mapping[str, str]] = field(default_factory=dict)

    @property
    def rows(self) -> list[tuple[str, str, dt.date]]:
        """Customer, arm and day of every draw; who was drawn before counts once, as first drawn."""
        first: dict[str, tuple[str, str, dt.date]] = {}
        for on, arms in sorted(self.drawn.items()):
            for who, arm in sorted(arms.items()):
                first.setdefault(who, (who, arm, on))
        return list(first.values())

    def known_by(self, as_of: dt.date) -> "Lots":
        """Without the draws of later days."""
        return replace(self, drawn={on: arms for on, arms in self.drawn.items() if on <= as_of})

    def drawn_out_on(self, who: str, at: dt.date) -> dt.date | None:
        """The day of the draw that takes a touch from somebody; None where none does.

        It is a touch of that play, to be done from `at` on. Without a call nothing is done with them until
        the outcome's day, whatever was planned before.
        """
        length = dt.timedelta(days=self.days)
        draws = (on for on, arms in self.drawn.items() if arms.get(who) == NO_CALL and at < on + length)
        return min(draws, default=None)

    @property
    def design(self) -> Design:
        """The experiment that the draws are; needs one."""
        return Design(
            name=NAME,
            hypothesis="a call keeps customers who are at the margin of the list of calls",
            started_on=min(self.drawn),
            randomised=True,
            arms={NO_CALL: HALF, CALLED: HALF},
            outcome=Outcome("not_cancelled", self.days),
            smallest_effect=self.smallest_effect,
            baseline=self.baseline,
            size=self.size,
            treatment="call",
        )


NO_LOTS = Lots()


def read_lots(out: Path) -> Lots:
    """The draws beside the plan; none where nothing was drawn. Raises InputError where that is not told."""
    try:
        return from_record((out / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return NO_LOTS
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{FILE} in {out.name} cannot be read. It says who was drawn by lot, and cannot be made again: "
            "take it from a copy of the folder. If you remove it, what the calls save is not told."
        ) from None


def from_record(text: str) -> Lots:
    """What `as_record` wrote."""
    record = json.loads(text)
    drawn = {dt.date.fromisoformat(on): dict(arms) for on, arms in record.pop("drawn").items()}
    return Lots(**record, drawn=drawn)


def as_record(lots: Lots) -> str:
    """What is written."""
    record = {
        "business": lots.business,
        "days": lots.days,
        "smallest_effect": lots.smallest_effect,
        "baseline": lots.baseline,
        "size": lots.size,
        "drawn": {str(on): dict(sorted(arms.items())) for on, arms in sorted(lots.drawn.items())},
    }
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"
