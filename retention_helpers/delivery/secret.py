"""What a server asks for: from the environment, or from a file that its owner alone can read."""

import os
import shlex
import stat
from pathlib import Path

from retention_helpers.words.errors import InputError

FILE = ".secrets"  # beside retention.yml; a line each: NAME=value
PASSWORD, WEBHOOK = "RETENTION_SMTP_PASSWORD", "RETENTION_WEBHOOK"


def secret(name: str, folder: Path) -> str:
    """A secret by its name. Raises InputError where there is none, or where others could read the file."""
    found = os.environ.get(name, "").strip() or _in_file(folder / FILE).get(name, "")
    if found:
        return found
    path = folder / FILE
    if os.name != "posix":
        raise InputError(f"There is no {name}. Set it once, then open a new window: setx {name} …")
    raise InputError(
        f"There is no {name}. Set it in the environment, or write the line {name}=… into {path}, then: "
        f"chmod 600 {shlex.quote(str(path))}"
    )


def _in_file(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8") as file:
            _refuse_if_others_read(path, os.fstat(file.fileno()))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{path} cannot be read. It should be a text of lines such as {PASSWORD}=…"
        ) from None
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("export "): value.strip().strip("\"'") for name, value in pairs}


def _refuse_if_others_read(path: Path, state: os.stat_result) -> None:
    if os.name != "posix":
        raise InputError(
            f"Who can read {path} cannot be told on this system. Remove it, and set the secrets once with: "
            f"setx {PASSWORD} …"
        )
    if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
        where = shlex.quote(str(path))
        own = "" if state.st_uid == os.geteuid() else f"sudo chown $(id -u) {where} && "
        raise InputError(
            f"{path} can be read by others. Paste this, then start again: {own}chmod 600 {where}"
        )
