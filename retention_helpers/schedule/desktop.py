"""A note on the desktop of whoever sits before the machine, where the system can show one."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

_SECONDS = 10
_TITLE = "Retention"


def show(text: str) -> bool:
    """Show a note; False where nothing can. It is one way of several, so that nothing is raised."""
    command = _command(text)
    if not shutil.which(command[0]):
        return False
    with suppress(OSError, subprocess.SubprocessError):
        return not subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False).returncode
    return False


def _command(text: str) -> Sequence[str]:
    if sys.platform == "darwin":  # the text is an argument, never a part of the script
        script = f'on run argv\ndisplay notification (item 1 of argv) with title "{_TITLE}"\nend run'
        return ["osascript", "-e", script, text]
    if sys.platform == "win32":
        return ["msg", "*", f"{_TITLE}: {text}"]
    return ["notify-send", "--app-name", _TITLE, "--", _TITLE, text]
