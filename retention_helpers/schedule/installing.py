"""Puts a schedule into place, or says what to paste for it."""

import os
import re
import shlex
import subprocess
from collections.abc import Sequence

from retention_helpers.schedule.jobs import Entries, Plan
from retention_helpers.schedule.systems import SYSTEMS, crontab_lines, marks
from retention_helpers.words.errors import InputError


def to_paste(plan: Plan, system: str) -> str:
    """What to write where, and what to run then."""
    entries = SYSTEMS[system](plan)
    if system == "cron":
        head = "Paste these lines into your crontab, which opens with: crontab -e"
        return "\n\n".join([head, crontab_lines(plan).rstrip(), *_hints(entries)])
    parts = [f"Write into {file.path}:\n\n{file.text.rstrip()}" for file in entries.files]
    run = "\n".join(["Then run:", "", *(f"  {_typed(command, system)}" for command in entries.commands)])
    return "\n\n".join([*parts, run, *_hints(entries), _out_again(entries, system)])


def install(plan: Plan, system: str) -> str:
    """Put it into place, and say so. What was there of the same folders is replaced. Raises InputError."""
    entries = SYSTEMS[system](plan)
    if system == "cron":
        _into_crontab(plan)
        out_again = f"To take it out again, remove the lines of {plan.id} with: crontab -e"
        return "\n".join(["Installed: two lines in your crontab.", *_hints(entries), out_again])
    for file in entries.files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_bytes(file.content)
        except OSError as error:
            raise InputError(f"{file.path} cannot be written: {error.strerror}.") from None
    for command in entries.may_fail:
        _run(command)
    for command in entries.commands:
        done = _run(command)
        if done.returncode:
            raise InputError(f"Not installed: {_typed(command, system)} said: {_said(done)}")
    written = "\n".join(["Installed:", *(f"  {file.path}" for file in entries.files)])
    return "\n".join([written, *_hints(entries), _out_again(entries, system)])


def _into_crontab(plan: Plan) -> None:
    """Every other line of the crontab stays as it is."""
    listed = _run(["crontab", "-l"])
    if listed.returncode and "no crontab" not in listed.stderr.lower():
        raise InputError(f"Not installed: crontab -l said: {_said(listed)}")
    before = listed.stdout if not listed.returncode else ""
    begin, end = map(re.escape, marks(plan))
    others = re.sub(rf"^{begin}$.*?^{end}$\n?", "", before, flags=re.MULTILINE | re.DOTALL)
    if marks(plan)[0] in others.splitlines():
        raise InputError(
            f"Not installed: the line “{marks(plan)[0]}” stands in your crontab, and no line "
            f"“{marks(plan)[1]}” after it. Mend that first, with: crontab -e"
        )
    end_of_line = "" if not others or others.endswith("\n") else "\n"
    done = _run(["crontab", "-"], others + end_of_line + crontab_lines(plan))
    if done.returncode:
        raise InputError(f"Not installed: crontab said: {_said(done)}")


def _run(command: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    plainly = os.environ | {"LC_ALL": "C"}
    try:
        return subprocess.run(command, input=given, env=plainly, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise InputError(
            f"There is no {command[0]} here. Name the system that starts your programs with --for: "
            f"{', '.join(SYSTEMS)}."
        ) from None


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").replace("\n", " ")


def _typed(command: Sequence[str], system: str) -> str:
    return subprocess.list2cmdline(command) if system == "windows" else shlex.join(command)


def _hints(entries: Entries) -> list[str]:
    return [entries.hint] if entries.hint else []


def _out_again(entries: Entries, system: str) -> str:
    removal = (f"  {_typed(command, system)}" for command in entries.removal)
    return "\n".join(["To take it out again:", *removal])
