"""Questions asked by hand: month, group, clock and segment to choose, and the answer below them."""

from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from retention_helpers.ask import questions
from retention_helpers.business import Business, levels, months, open_business
from retention_helpers.business.opening import Where, narrowed
from retention_helpers.shown.answers import Answer
from retention_helpers.shown.look import style
from retention_helpers.shown.sentences import Sentence, kind_of_group
from retention_helpers.words import formats
from retention_helpers.words.errors import InputError

if TYPE_CHECKING:
    from ipywidgets import Widget

ALL = ""  # all customers, or no groups
MOST_LEVELS = 40  # of a segment that is offered: more are no choice but a list


def _churn(business: Business, by: str, where: Mapping[str, str] | None, clock: str) -> Answer:
    return questions.churn(business, by=by or (), where=where)


def _stay(business: Business, by: str, where: Mapping[str, str] | None, clock: str) -> Answer:
    return questions.stay(business, by=by or (), where=where)


def _cohorts(business: Business, by: str, where: Mapping[str, str] | None, clock: str) -> Answer:
    return questions.cohorts(business, by=by or (), where=where, clock=clock)  # type: ignore[arg-type]


QUESTIONS: Mapping[str, Callable[..., Answer]] = {
    "How many leave?": _churn,
    "How long do they stay?": _stay,
    "What became of each cohort?": _cohorts,
}


def controls(business: Business, *, where: Where | None = None) -> "Widget":
    """Choose with the mouse or the keys: question, month, group, clock and segment; the answer stands below.

    Needs ipywidgets. It asks the same questions with the same numbers: `churn`, `stay` and `cohorts` by
    group, the last on either clock, for all customers or those of one level. What does not go with a question
    is greyed. `where` offers it for some customers alone, in every month.
    Another month is opened anew, from what the gate has read already.

    >>> from retention_helpers import ask
    >>> panel = ask.controls(ask.open_business(ask.SAMPLE, "2026-10"))
    >>> [one.description for one in panel.children[0].children]
    ['Question', 'Month', 'By', 'Clock', 'Only']

    Raises InputError where ipywidgets is not installed.
    """
    try:
        import ipywidgets
    except ImportError:
        raise InputError(
            "The controls need ipywidgets: install it, or ask in a line, such as "
            'ask.churn(business, by="country").'
        ) from None
    return _Panel(questions.of_some(business, where), ipywidgets).whole


class _Panel:
    """The controls of one notebook, and the answer that they ask for."""

    def __init__(self, business: Business, widgets: Any) -> None:
        self.first = business
        chosen = partial(widgets.Dropdown, layout=widgets.Layout(width="auto"))
        self.question = chosen(description="Question", options=list(QUESTIONS))
        self.month = chosen(description="Month", options=_months(business), value=business.month)
        self.by = chosen(description="By", options=_groups(business), value=ALL)
        self.clock = chosen(description="Clock", options=list(questions.CLOCKS))
        self.only = chosen(description="Only", options=_segments(business), value=ALL)
        self.answer = widgets.HTML()
        five = [self.question, self.month, self.by, self.clock, self.only]
        box = widgets.Box(five, layout=widgets.Layout(flex_flow="row wrap"))
        self.whole = widgets.VBox([box, self.answer])
        for one in five:
            one.observe(self.redraw, names="value")
        self.redraw()

    def redraw(self, change: object = None) -> None:
        """Ask again, and show the answer, or why there is none."""
        asked = QUESTIONS[self.question.value]
        self.clock.disabled = asked is not _cohorts
        try:
            answer = asked(self.business, self.by.value, self.where, self.clock.value)
            self.answer.value = answer._repr_html_()
        except InputError as error:
            said = Sentence(str(error))._repr_html_()
            self.answer.value = f'<div class="answer">{style()}{said}</div>'

    @property
    def business(self) -> Business:
        """The business of the month that is chosen, opened once."""
        if self.month.value == self.first.month:
            return self.first
        opened: Business = self.first.once(f"opened for {self.month.value}", self._open_month)
        return opened

    def _open_month(self) -> Business:
        """Of the same customers as the one that is open."""
        whole = open_business(self.first.folder, self.month.value)
        return reduce(lambda some, only: narrowed(some, dict([only])), self.first.where, whole)

    @property
    def where(self) -> dict[str, str] | None:
        return dict([self.only.value]) if self.only.value else None


def _months(business: Business) -> list[tuple[str, str]]:
    starts = months.month_starts(business)[::-1]
    return [(formats.short_month(day), formats.iso_month(day)) for day in starts]


def _groups(business: Business) -> list[tuple[str, str]]:
    return [("all together", ALL), *((kind_of_group(by), by) for by in levels.names(business))]


def _segments(business: Business) -> list[tuple[str, Any]]:
    """The levels of everything by which customers are grouped, where they are few enough to choose from."""
    found: list[tuple[str, Any]] = [("all customers", ALL)]
    for by in levels.names(business):
        known = levels.of(business, by).level.as_table().distinct().order_by("level").execute()["level"]
        if len(known) <= MOST_LEVELS:
            found += [(f"{kind_of_group(by)}: {level}", (by, level)) for level in known]
    return found
