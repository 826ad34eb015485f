"""What the month's plan can do to somebody, the most urgent first, and how each of it is called."""

from collections.abc import Mapping
from dataclasses import dataclass

from retention_helpers.shown.proposals import CALL
from retention_helpers.words import formats


@dataclass(frozen=True)
class Action:
    """One kind of touch.

    Attributes:
        about: what it is about, in a few words, as the list has it.
        whom: the customers it is for, after their number.
        is_answer: goes to everybody alike and never waits: neither for an experiment nor for a contact
        lately.
        is_campaign: its mails go out together, by a mail tool, on the first working day.
        is_series: an earlier touch of its own does not hold it back.
        money: what the MRR of these customers is to it; "" where nothing hangs on it.
    """

    about: str
    whom: str
    is_answer: bool = False
    is_campaign: bool = False
    is_series: bool = False
    money: str = "at stake"

    def called(self, way: str) -> str:
        """
        >>> Action("they asked to cancel", "who asked to cancel").called("letter")
        'Write: they asked to cancel'
        >>> Action("win them back", "to win back", is_campaign=True).called("letter")
        'Mail tool: win them back'
        """
        letter = "Mail tool" if self.is_campaign else "Write"
        return f"{'Call' if way == CALL else letter}: {self.about}"

    def what(self, calls: int, letters: int) -> str:
        """The order to the owner, in words.

        >>> at_risk = Action("at risk of leaving", "at risk of leaving")
        >>> at_risk.what(9, 2), at_risk.what(0, 1)
        ('Call 9 and write to 2 customers at risk of leaving', 'Write to the customer at risk of leaving')
        """
        if calls and letters:
            return (
                f"Call {formats.count(calls)} and write to {formats.plural(letters, 'customer')} {self.whom}"
            )
        many = calls or letters
        who = "the customer" if many == 1 else f"the {formats.plural(many, 'customer')}"
        return f"{'Call' if calls else 'Write to'} {who} {self.whom}"


ACTIONS: Mapping[str, Action] = {
    "recover_payment": Action("their payment failed", "whose payment failed", is_answer=True),
    "keep": Action("they asked to cancel", "who asked to cancel", is_answer=True),
    "trial": Action("their free time ends", "whose free time ends"),
    "at_risk": Action("at risk of leaving", "at risk of leaving"),
    "onboarding": Action(
        "they have not finished the onboarding", "without a finished onboarding", is_series=True
    ),
    "renewal": Action("their year is about to renew", "whose year is about to renew"),
    "detractor": Action("they would not recommend you", "who would not recommend you"),
    "pause": Action("their pause should be over", "whose pause should be over"),
    "buyer": Action("they have not bought for long", "who have not bought for long"),
    "silent": Action("they pay and do not use it", "who pay and do not use it", is_campaign=True),
    "win_back": Action("win them back", "to win back", is_campaign=True, money="lost"),
    "interview": Action("ask why they left", "who left, and ask why", money="lost"),
    "thank": Action("thank them", "to thank", money=""),
    "board": Action("ask for advice", "to ask for advice", money=""),
    "recommend": Action("ask whom it would help", "who might recommend you", money=""),
    "grow": Action("show them the next plan", "to show the next plan", money=""),
}
EXPERIMENT = "experiment"  # an action without customers
