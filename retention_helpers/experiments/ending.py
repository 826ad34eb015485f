"""How an experiment ended, and which looks its verdict goes by.

Planned looks share the 5 % that they may err in all, by how much of the planned size is in (Lan and DeMets):
very little early. An experiment that ends as its plan promised before results, by its size or on its day,
has one last look, and that spends all that is left. One that is stopped at a look that decides it is read at
that look. Where it was stopped otherwise, or its plan came after results, nobody knows how the moment was
chosen: then it is read as holds at whatever moment one looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from retention_helpers.statistics.looks import Look, Way, is_full, looks_until_full, looks_with_news

End = Literal["planned", "stopped", "open"]


@dataclass(frozen=True)
class Course:
    """What is known, at a month's end, of a comparison and of how it goes on.

    Attributes:
        looks: the ends of all months so far.
        needed: the information at the planned size.
        planned_looks: up to that size.
        before_results: whether the plan was frozen by the first look at the latest.
        ended_in: the month in which the last customer could be drawn; None while it runs.
        on_its_day: whether that was the day that the frozen plan names.
        drawn: the information of all who were drawn so far.
        nobody_left: whether all of them have matured, and nobody comes any more.
    """

    looks: Sequence[Look]
    needed: float
    planned_looks: int
    before_results: bool = True
    ended_in: str | None = None
    on_its_day: bool = False
    drawn: float = 0.0
    nobody_left: bool = False


@dataclass(frozen=True)
class Counted:
    """The looks that count, and how.

    Attributes:
        is_last: whether the last of them spends all that is left.
        is_over: whether there will be no later one.
        otherwise: what counts instead, where the last of them decides nothing.
    """

    end: End
    looks: tuple[Look, ...]
    way: Way = "planned"
    is_last: bool = False
    is_over: bool = False
    otherwise: "Counted | None" = None


def counted(course: Course) -> Counted:
    """Which looks of a comparison count, and how they are judged."""
    looks = looks_until_full(course.looks, course.needed, course.planned_looks)
    has_size = bool(looks) and is_full(looks[-1], course.needed, course.planned_looks)
    if not course.before_results:
        end: End = "stopped" if course.ended_in or has_size else "open"
        is_over = has_size or course.nobody_left
        return Counted(end, looks_with_news(course.looks), "anytime", is_over=is_over)
    if has_size:
        return Counted("planned", looks, is_last=True, is_over=True)
    if course.ended_in is None:
        return Counted("open", looks)
    if course.on_its_day or course.drawn >= course.needed:
        is_over = bool(looks) and course.nobody_left
        return Counted("planned", looks, is_last=is_over, is_over=is_over)
    stopped = Counted("stopped", looks, "anytime", is_over=course.nobody_left)
    # The report of a month can be read from the first day of the next.
    seen = tuple(look for look in looks if look.month < course.ended_in)
    return Counted("planned", seen, is_over=True, otherwise=stopped) if seen else stopped
