"""What comes with the package, the notebooks and the sample, and where it keeps what it makes.

In a checkout they lie beside the package, and so does the cache. In an installed copy they lie within it, and
the cache is the user's own.
"""

import errno
import functools
import hashlib
import os
import stat
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
IS_CHECKOUT = not (PACKAGE / "_shipped").is_dir()
HOME = PACKAGE.parent if IS_CHECKOUT else PACKAGE / "_shipped"
NOTEBOOKS = HOME / "notebooks"
SAMPLE = HOME / "data" / "sample"
SCHEMA = PACKAGE / "findings.schema.json"
# The rooms that answer a question each, with a notebook of the same name; in reading order.
QUESTIONS = (
    "data_quality",
    "measurement",
    "churn_reasons",
    "churned_vs_retained",
    "experiments",
    "early_warning",
    "win_back_and_loyalty",
    "repeat_purchase",
)


def cache() -> Path:
    """The folder for what was read once, to be read again faster: the first that can be written.

    Where neither the checkout nor the home can be, it lies among temporary files, for its owner alone: what
    is read from a cache is believed.
    """
    if IS_CHECKOUT and _can_be_written(HOME / ".cache"):
        return HOME / ".cache"
    from platformdirs import user_cache_path

    own = user_cache_path("retention-notebooks")
    return own if _can_be_written(own) else _temporary()


def _can_be_written(folder: Path) -> bool:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return os.access(there, os.W_OK | os.X_OK)


def _temporary() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"retention-notebooks-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_ours = found.st_uid == user and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if os.name == "posix" and not is_ours:
        raise PermissionError(errno.EPERM, "it is somebody else's, or others may write there", str(folder))
    return folder


def work() -> Path:
    """The folder for copies of the notebooks that show an owner's own data."""
    return (HOME if IS_CHECKOUT else Path.cwd()) / "work"


@functools.cache
def code_of(*places: str) -> str:
    """A fingerprint of these modules and packages of ours, or of all: as they were when first asked for."""
    roots = [PACKAGE / place for place in places] or [PACKAGE]
    modules = sorted(path for root in roots for path in (root.rglob("*.py") if root.is_dir() else [root]))
    code = b"".join(module.read_bytes() for module in modules)
    return hashlib.blake2b(code, digest_size=12).hexdigest()
