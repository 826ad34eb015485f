"""What is put into place for each system: read back by its own rules, with paths that are hard to write."""

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from retention_helpers import __main__
from retention_helpers.schedule import systems
from retention_helpers.schedule.installing import install, to_paste
from retention_helpers.schedule.jobs import Plan
from retention_helpers.words.errors import InputError

PATHS = [
    "/home/ada/data",
    "/my data/it's 50% off",
    '/a "quoted" $HOME `id` \\n',
    "/a\\%b/100%",
    "/größe/数据",
]
PLANS = [Plan(Path(path), Path(path) / "reports %d", 3, 7) for path in PATHS]
hard = pytest.mark.parametrize("plan", PLANS, ids=range(len(PLANS)))
both = pytest.mark.parametrize("name", systems.JOBS)


# --- cron ------------------------------------------------------------------------------------------


def as_cron_starts_it(command: str) -> str:
    """What the shell gets of a command: the loop of Vixie cron's do_command.c, which knows no quotes.

    A backslash before a % is dropped; a % without one ends the command. Any other backslash stays, and takes
    its meaning from what follows it.
    """
    shown, is_escaped = "", False
    for sign in command:
        if is_escaped:
            is_escaped = False
            if sign == "%":
                shown = shown[:-1]
        elif sign == "\\":
            is_escaped = True
        elif sign == "%":
            return shown
        shown += sign
    return shown


@hard
def test_cron_starts_what_was_meant(plan: Plan, tmp_path: Path):
    """Through cron's rules and a real shell: the arguments that the program gets are those of the plan."""
    _, *lines, _ = systems.crontab_lines(plan).splitlines()
    assert [line.split(" /", 1)[0] for line in lines] == ["0 * * * *", "0 7 * * 1-5"]
    show = tmp_path / "show"
    show.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >&2\n')
    show.chmod(0o755)
    for line, name in zip(lines, systems.JOBS, strict=True):
        program, *arguments = plan.command(name)
        command = line.split(" ", 5)[5].replace(program, str(show), 1)
        run = subprocess.run(
            ["/bin/sh", "-c", as_cron_starts_it(command)], capture_output=True, text=True, check=True
        )
        assert run.stderr.splitlines() == arguments and run.stdout == ""


# --- systemd ---------------------------------------------------------------------------------------


@pytest.fixture
def as_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nobody's root, at home in a folder of the test."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    return tmp_path


@hard
def test_systemd_takes_the_units(plan: Plan, as_a_user: Path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd here")
    entries = systems.systemd(plan)
    assert {file.path.parent for file in entries.files} == {as_a_user / ".config" / "systemd" / "user"}
    folder = as_a_user / "units"
    folder.mkdir()
    for file in entries.files:
        (folder / file.path.name).write_bytes(file.content)
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(folder.iterdir()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in told.stderr.splitlines() if "retention" in line]
    assert (told.returncode, ours) == (0, [])


@hard
@both
def test_systemd_starts_what_was_meant(plan: Plan, name: systems.Name, as_a_user: Path):
    """systemd.service(5): %% is a percent sign, $$ a dollar; within double quotes \\\\ and \\" as in C."""
    service = next(file.text for file in systems.systemd(plan).files if file.path.stem.endswith(name))
    (line,) = (line for line in service.splitlines() if line.startswith("ExecStart="))
    bare = line.removeprefix("ExecStart=").replace("%%", "%").replace("$$", "$")
    assert shlex.split(bare) == ["/usr/bin/env", *plan.command(name)]
    without = line.replace("%%", "").replace("$$", "")
    assert "%" not in without and "$" not in without


def test_systemd_asks_for_a_report_every_hour_and_for_no_list_that_was_missed(as_a_user: Path):
    report, today = (file.text for file in systems.systemd(PLANS[0]).files if file.path.suffix == ".timer")
    assert "OnCalendar=*-*-* *:00:00\nPersistent=true\n" in report
    assert "OnCalendar=Mon..Fri 07:00:00\nPersistent=false\n" in today


# --- launchd and Windows ---------------------------------------------------------------------------


@hard
def test_launchd_starts_what_was_meant(plan: Plan, as_a_user: Path):
    report, today = (plistlib.loads(file.content) for file in systems.launchd(plan).files)
    assert report["ProgramArguments"] == plan.command("report")
    assert today["ProgramArguments"] == plan.command("today")
    assert (report["StartCalendarInterval"], report["RunAtLoad"]) == ({"Minute": 0}, True)
    assert [at["Weekday"] for at in today["StartCalendarInterval"]] == [1, 2, 3, 4, 5]
    assert not today["RunAtLoad"]


def test_windows_starts_what_was_meant():
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    plan = Plan(Path("/my data & more"), Path("/it's 50% off"), 3, 7)
    report, today = (ET.fromstring(file.content) for file in systems.windows(plan).files)
    for task, name in ((report, "report"), (today, "today")):
        run = task.find(f"{space}Actions/{space}Exec")
        assert run is not None and run.findtext(f"{space}Command") == sys.executable
        assert run.findtext(f"{space}Arguments") == (
            f'-P -m retention_helpers schedule --run {name} --data "/my data & more" --out "/it\'s 50% off" '
            "--day 3 --hour 7"
        )
    catches_up = [task.findtext(f"{space}Settings/{space}StartWhenAvailable") for task in (report, today)]
    assert catches_up == ["true", "false"]
    hourly = [
        task.findtext(f"{space}Triggers/{space}CalendarTrigger/{space}Repetition/{space}Interval")
        for task in (report, today)
    ]
    assert hourly == ["PT1H", None]
    days = today.findall(f"{space}Triggers/{space}CalendarTrigger/{space}ScheduleByWeek/{space}DaysOfWeek/*")
    assert [day.tag.removeprefix(space)[:3] for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri"]


def test_a_path_that_no_schedule_can_hold():
    with pytest.raises(InputError, match="Rename the folder"):
        Plan(Path("/a\nb"), Path("/out"), 3, 7)
    with pytest.raises(InputError, match="Rename the folder"):
        systems.windows(Plan(Path("/%TEMP%"), Path("/out"), 3, 7))


# --- put into place --------------------------------------------------------------------------------


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for programs, first on the PATH; each writes down how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, does: str = "") -> Path:
    log = folder / f"{name}.log"
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$*" >> "{log}"\n{does}\n')
    path.chmod(0o755)
    return log


def test_the_other_lines_of_a_crontab_stay(programs: Path):
    kept = programs / "kept"
    listed = f'[ -f "{kept}" ] || {{ echo "no crontab for ada" >&2; exit 1; }}; cat "{kept}"'
    program(programs, "crontab", f'if [ "$1" = -l ]; then {listed}; else cat > "{kept}"; fi')
    install(PLANS[0], "cron")
    assert kept.read_text() == systems.crontab_lines(PLANS[0])
    theirs = "MAILTO=ada\n5 4 * * * backup 100\\%"  # no end of line behind it
    kept.write_text(theirs)
    install(PLANS[0], "cron")
    install(PLANS[1], "cron")
    later = Plan(PLANS[0].data, PLANS[0].out, 5, 9)
    install(later, "cron")
    ours = systems.crontab_lines(PLANS[1]) + systems.crontab_lines(later)
    assert kept.read_text() == f"{theirs}\n{ours}"


def test_a_crontab_that_cannot_be_read_is_left_alone(programs: Path):
    log = program(programs, "crontab", 'echo "you are not allowed to use this program" >&2; exit 1')
    with pytest.raises(InputError, match="Not installed: crontab -l said: you are not allowed"):
        install(PLANS[0], "cron")
    assert log.read_text() == "-l\n"


def test_half_a_block_in_a_crontab_is_left_alone(programs: Path):
    log = program(programs, "crontab", f'[ "$1" = -l ] && echo "{systems.marks(PLANS[0])[0]}"; echo mine')
    with pytest.raises(InputError, match="and no line"):
        install(PLANS[0], "cron")
    assert log.read_text() == "-l\n"


def test_systemd_is_told(programs: Path, as_a_user: Path):
    log = program(programs, "systemctl")
    said = install(PLANS[1], "systemd")
    timers = f"retention-{PLANS[1].id}-report.timer retention-{PLANS[1].id}-today.timer"
    assert log.read_text().splitlines() == ["--user daemon-reload", f"--user enable --now {timers}"]
    written = sorted(path.suffix for path in (as_a_user / ".config" / "systemd" / "user").iterdir())
    assert written == [".service", ".service", ".timer", ".timer"]
    assert "loginctl enable-linger" in said and "disable --now" in said


def test_launchd_is_told_also_where_it_was_told_before(programs: Path, as_a_user: Path):
    log = program(programs, "launchctl", '[ "$1" = bootstrap ] || exit 3')
    install(PLANS[1], "launchd")
    assert [line.split()[0] for line in log.read_text().splitlines()] == 2 * ["bootout"] + 2 * ["bootstrap"]
    agents = as_a_user / "Library" / "LaunchAgents"
    assert [plistlib.loads(path.read_bytes())["Label"] for path in sorted(agents.iterdir())] == [
        f"retention.{PLANS[1].id}.report",
        f"retention.{PLANS[1].id}.today",
    ]


def test_windows_is_told(programs: Path, tmp_path: Path):
    log = program(programs, "schtasks")
    plan = Plan(tmp_path / "my data", tmp_path / "my reports", 3, 7)
    install(plan, "windows")
    report, today = log.read_text().splitlines()
    assert report == (
        f"/Create /F /TN Retention\\{plan.id}-report /XML {tmp_path}/my reports/.schedule/report.xml"
    )
    assert today.endswith("today.xml")
    assert ET.parse(tmp_path / "my reports" / ".schedule" / "report.xml")


def test_a_system_that_says_no_is_said(programs: Path, as_a_user: Path):
    program(programs, "systemctl", 'echo "Failed to connect to bus" >&2; exit 1')
    with pytest.raises(InputError, match="systemctl --user daemon-reload said: Failed to connect to bus"):
        install(PLANS[0], "systemd")


def test_a_system_that_is_not_here_is_said(programs: Path, as_a_user: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(InputError, match="There is no launchctl here"):
        install(PLANS[0], "launchd")


@pytest.mark.parametrize("system", systems.SYSTEMS)
def test_what_is_printed_can_be_pasted(system: str, as_a_user: Path):
    plan = PLANS[0]
    said = to_paste(plan, system)
    for file in systems.SYSTEMS[system](plan).files:
        assert file.text.strip() in said
    assert "To take it out again" in said or system == "cron"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--day", "31"], "--day should be 1 to 28, which every month has."),
        (["--day", "0"], "--day should be 1 to 28"),
        (["--hour", "24"], "--hour should be 0 to 23."),
        (["--for", "at"], "--for cannot be at."),
        (["--install"], "The sample is only to look at. Name your own folder: --data DIR."),
    ],
)
def test_what_cannot_be(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert __main__.main(["schedule", *arguments]) == 2
    assert said in capsys.readouterr().err
