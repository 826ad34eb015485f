"""The four systems that can start a job: cron, systemd, launchd and Windows' Task Scheduler.

Each writes paths in a grammar of its own, in which a blank, a quote, a dollar or a percent sign means
something.
"""

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path

from retention_helpers.schedule.jobs import Entries, File, Name, Plan
from retention_helpers.words.errors import InputError

JOBS: tuple[Name, ...] = ("report", "today")


def usual() -> str:
    """The system of this machine."""
    if sys.platform == "darwin":
        return "launchd"
    if sys.platform == "win32":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() and shutil.which("systemctl") else "cron"


# --- cron


def crontab_lines(plan: Plan) -> str:
    """The lines of a crontab, between two that tell whose they are.

    cron does not catch up. As everywhere the report is asked for every hour, which costs a second where
    nothing is due, and sends what a server did not take before.
    """
    begin, end = marks(plan)
    report = f"0 * * * * {_in_cron(plan.command('report'))} >/dev/null"
    today = f"0 {plan.hour} * * 1-5 {_in_cron(plan.command('today'))} >/dev/null"
    return "\n".join([begin, report, today, end]) + "\n"


def marks(plan: Plan) -> tuple[str, str]:
    return f"# retention {plan.id}: begin", f"# retention {plan.id}: end"


def _in_cron(command: list[str]) -> str:
    """A command as cron hands it to the shell: it takes a % for a new line unless a backslash is before it.

    A backslash of the path before a % is quoted apart from it, else cron would count the two as one.

    >>> print(_in_cron(["run", "/50% off/it's"]), _in_cron(["a\\\\%"]))
    run '/50\\% off/it'"'"'s' 'a\\''\\%'
    """
    return shlex.join(command).replace("\\%", "\\''%").replace("%", "\\%")


def cron(plan: Plan) -> Entries:
    return Entries(
        [File(Path("crontab"), crontab_lines(plan).encode())],
        [],
        hint="Mails of cron itself, where it sends any, tell what failed.",
    )


# --- systemd


def systemd(plan: Plan) -> Entries:
    """A service and a timer for each job; the system's own for root, else the user's."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folder = Path("/etc/systemd/system") if is_root else config / "systemd" / "user"
    control = ["systemctl"] if is_root else ["systemctl", "--user"]
    files, timers = [], []
    for name in JOBS:
        unit = f"retention-{plan.id}-{name}"
        files += [
            File(folder / f"{unit}.service", _service(plan, name).encode()),
            File(folder / f"{unit}.timer", _timer(plan, name).encode()),
        ]
        timers.append(f"{unit}.timer")
    hint = "" if is_root else "So that it also runs while you are not logged in: loginctl enable-linger"
    removal = [[*control, "disable", "--now", *timers], ["rm", *(str(file.path) for file in files)]]
    commands = [[*control, "daemon-reload"], [*control, "enable", "--now", *timers]]
    return Entries(files, commands, hint=hint, removal=removal)


def _service(plan: Plan, name: Name) -> str:
    # env, since systemd reads the name of the program itself by other rules than what follows it.
    run = " ".join(map(_in_systemd, plan.command(name)))
    about = plan.about(name).replace("%", "%%").replace("\\", "/")
    return f"[Unit]\nDescription={about}\n\n[Service]\nType=oneshot\nNice=10\nExecStart=/usr/bin/env {run}\n"


def _in_systemd(word: str) -> str:
    """
    >>> print(_in_systemd("/my 50% $data"))
    "/my 50%% $$data"
    """
    told = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{told}"'


def _timer(plan: Plan, name: Name) -> str:
    at = f"{plan.hour:02}:00:00"
    when, catches_up = ("*-*-* *:00:00", "true") if name == "report" else (f"Mon..Fri {at}", "false")
    return (
        f"[Unit]\nDescription={_timer_about(plan, name)}\n\n"
        f"[Timer]\nOnCalendar={when}\nPersistent={catches_up}\n\n[Install]\nWantedBy=timers.target\n"
    )


def _timer_about(plan: Plan, name: Name) -> str:
    when = f"due on day {plan.day} of the month, asked for every hour" if name == "report" else "on workdays"
    return f"Retention: {name}, {when}"


# --- launchd


def launchd(plan: Plan) -> Entries:
    """An agent for each job. A Mac that slept starts it on waking; one that was off, the report at login."""
    folder = Path.home() / "Library" / "LaunchAgents"
    domain = f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui/501"
    labels = {name: f"retention.{plan.id}.{name}" for name in JOBS}
    files = {name: File(folder / f"{labels[name]}.plist", _agent(plan, name, labels[name])) for name in JOBS}
    out = [["launchctl", "bootout", f"{domain}/{label}"] for label in labels.values()]
    into = [["launchctl", "bootstrap", domain, str(file.path)] for file in files.values()]
    removal = [*out, ["rm", *(str(file.path) for file in files.values())]]
    return Entries(list(files.values()), into, may_fail=out, removal=removal)


def _agent(plan: Plan, name: Name, label: str) -> bytes:
    days = [{"Hour": plan.hour, "Minute": 0, "Weekday": day} for day in range(1, 6)]
    log = str(Path.home() / "Library" / "Logs" / f"{label}.log")
    return plistlib.dumps(
        {
            "Label": label,
            "ProgramArguments": plan.command(name),
            "StartCalendarInterval": {"Minute": 0} if name == "report" else days,
            "RunAtLoad": name == "report",
            "StandardErrorPath": log,
            "StandardOutPath": log,
        }
    )


# --- Windows


def windows(plan: Plan) -> Entries:
    """A task for each job, from a description in XML. Raises InputError for a path that it would change."""
    if any("$(" in str(path) or str(path).count("%") > 1 for path in (plan.data, plan.out)):
        raise InputError("Windows takes %…% and $(…) in a path for something else. Rename the folder.")
    folder = plan.out / ".schedule"
    files = {name: File(folder / f"{name}.xml", _task(plan, name)) for name in JOBS}
    tasks = {name: f"Retention\\{plan.id}-{name}" for name in JOBS}
    create = [
        ["schtasks", "/Create", "/F", "/TN", tasks[name], "/XML", str(files[name].path)] for name in JOBS
    ]
    removal = [["schtasks", "/Delete", "/F", "/TN", task] for task in tasks.values()]
    return Entries(
        list(files.values()),
        create,
        hint="Save the files as UTF-16. The tasks run while you are logged in.",
        removal=removal,
    )


def _task(plan: Plan, name: Name) -> bytes:
    program, *arguments = plan.command(name)
    is_report = name == "report"
    days = {day: None for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")}
    when: Mapping[str, object] = (
        {"ScheduleByDay": {"DaysInterval": "1"}}
        if is_report
        else {"ScheduleByWeek": {"WeeksInterval": "1", "DaysOfWeek": days}}
    )
    hourly = {"Repetition": {"Interval": "PT1H", "Duration": "P1D"}} if is_report else {}
    start = {"StartBoundary": f"2026-01-01T{plan.hour:02}:00:00", "Enabled": "true"}
    settings = {
        "MultipleInstancesPolicy": "IgnoreNew",
        "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false",
        "StartWhenAvailable": "true" if is_report else "false",
        "ExecutionTimeLimit": "PT12H",
    }
    space = "http://schemas.microsoft.com/windows/2004/02/mit/task"
    task = ET.Element("Task", {"version": "1.2", "xmlns": space})
    _add(
        task,
        {
            "RegistrationInfo": {"Description": plan.about(name)},
            "Triggers": {"CalendarTrigger": {**hourly, **start, **when}},
            "Settings": settings,
            "Actions": {"Exec": {"Command": program, "Arguments": subprocess.list2cmdline(arguments)}},
        },
    )
    ET.indent(task)
    text = ET.tostring(task, encoding="unicode")
    return b"\xff\xfe" + f'<?xml version="1.0" encoding="UTF-16"?>\n{text}\n'.encode("utf-16-le")


def _add(parent: ET.Element, inner: Mapping[str, object]) -> None:
    for name, value in inner.items():
        element = ET.SubElement(parent, name)
        if isinstance(value, Mapping):
            _add(element, value)
        elif value is not None:
            element.text = str(value)


SYSTEMS: Mapping[str, Callable[[Plan], Entries]] = {
    "cron": cron,
    "systemd": systemd,
    "launchd": launchd,
    "windows": windows,
}
