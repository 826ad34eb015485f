"""`schedule`: what starts the report of the month and the list of the day by themselves."""

import argparse
import datetime as dt

from retention_helpers import shipped
from retention_helpers.commands.arguments import Commands, data, out
from retention_helpers.words.errors import InputError

NAME = "schedule"
SYSTEMS = ("cron", "systemd", "launchd", "windows")
JOBS = ("report", "today")


def declare(commands: Commands) -> None:
    parser = commands.add_parser(
        NAME,
        parents=[data(), out()],
        help="make the report of every month and the list of every workday by itself",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--day", type=int, default=3, help="of the month, on which the report is due (default: 3)"
    )
    parser.add_argument("--hour", type=int, default=7, help="from which on, by your clock (default: 7)")
    parser.add_argument("--for", dest="system", choices=SYSTEMS, help="what starts it (default: as here)")
    parser.add_argument("--install", action="store_true", help="put it into place instead of printing it")
    parser.add_argument("--run", choices=JOBS, help="what the schedule starts: make and send what is due")


def run(options: argparse.Namespace) -> int:
    from retention_helpers.schedule import due

    if not 1 <= options.day <= due.LATEST_DAY:
        raise InputError(f"--day should be 1 to {due.LATEST_DAY}, which every month has.")
    if not 0 <= options.hour <= 23:
        raise InputError("--hour should be 0 to 23.")
    if options.run:
        from retention_helpers.schedule.running import run as start

        return start(
            options.run, options.data, options.out, dt.datetime.now(), day=options.day, hour=options.hour
        )
    if options.data.resolve() == shipped.SAMPLE.resolve():
        raise InputError("The sample is only to look at. Name your own folder: --data DIR.")
    from retention_helpers.delivery.post import post
    from retention_helpers.schedule.installing import install, to_paste
    from retention_helpers.schedule.jobs import Plan
    from retention_helpers.schedule.systems import usual

    ours = post(options.data, options.out)  # what would fail every morning fails now
    plan = Plan(options.data.resolve(), options.out.resolve(), options.day, options.hour)
    do = install if options.install else to_paste
    print(do(plan, options.system or usual()))
    if not ours.is_on:
        print("\nNothing is delivered: deliver is not set. The report is made all the same.")
    return 0
