"""`plan`: how many customers an experiment needs, and how many months that takes."""

import argparse

from retention_helpers.commands.arguments import Commands, data_and_month
from retention_helpers.words.errors import InputError, nearest

NAME = "plan"


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME,
        parents=data_and_month(),
        help="how many customers an experiment needs, and how many months",
        allow_abbrev=False,
    )
    parser.add_argument("--experiment", metavar="NAME", help="one of experiments.yml; else describe it:")
    parser.add_argument("--outcome", default="retained", help="retained, not_cancelled, paying or event")
    parser.add_argument("--event", default="", metavar="NAME", help="the event, for --outcome event")
    parser.add_argument("--days", type=int, default=35, help="the day after the assignment (default: 35)")
    parser.add_argument(
        "--effect", type=float, default=0.05, help="the smallest worth having (default: 0.05)"
    )
    parser.add_argument("--baseline", type=float, help="the rate without it (default: your own past year)")
    parser.add_argument("--monthly", type=float, help="customers a month (default: your newcomers)")
    parser.add_argument("--arms", type=int, default=2, help="the control and how many others (default: 2)")


def run(options: argparse.Namespace) -> int:
    from retention_helpers import experiments
    from retention_helpers.business import open_business

    _refuse_impossible(options)
    business = open_business(options.data, options.month)
    try:
        if options.experiment:
            known = experiments.plans(business, {})
            if options.experiment not in known:
                raise InputError(
                    f"experiments.yml has no {options.experiment}. {nearest(options.experiment, known)}"
                )
            plan = known[options.experiment]
        else:
            plan = experiments.proposed(
                business,
                outcome=experiments.Outcome(options.outcome, options.days, options.event),
                effect=options.effect,
                baseline=options.baseline,
                a_month=options.monthly,
                arms=options.arms,
            )
        gains = experiments.gains(plan)
        print(experiments.proposal(business, plan, gains).sentence())
        if not plan.design.outcome.is_amount:
            print()
            print(gains.table(caption="How many customers a gain in points needs"))
    finally:
        business.close()
    return 0


def _refuse_impossible(options: argparse.Namespace) -> None:
    """What no experiment can be, said before anything slow happens."""
    from retention_helpers.contract.experiments import MOST_DAYS, OUTCOMES, no_room
    from retention_helpers.words.formats import count, trimmed

    if options.outcome not in OUTCOMES:
        raise InputError(f"There is no outcome {options.outcome}. {nearest(options.outcome, OUTCOMES)}")
    if options.outcome == "revenue":
        raise InputError(
            "Write an experiment about revenue into experiments.yml, then: plan --experiment NAME."
        )
    if options.outcome == "event" and not options.event:
        raise InputError("An event needs its name: --event NAME.")
    for name in ("effect", "baseline"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1:
            raise InputError(f"--{name} is {trimmed(value)}, and should lie between 0 and 1, such as 0.05.")
    if fault := no_room(options.effect, options.baseline):
        raise InputError(f"--effect {fault}")
    if not 0 <= options.days <= MOST_DAYS:
        raise InputError(f"--days should be 0 to {count(MOST_DAYS)}.")
    if options.arms < 2 or (options.monthly is not None and options.monthly <= 0):
        raise InputError("--arms should be 2 or more, and --monthly above 0.")
