"""What comes with the package, the notebooks and the sample, and where it keeps what it makes.

In a checkout they lie beside the package, and so does the cache. In an installed copy they lie within it, and
the cache is the user's own.
"""

import functools
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
IS_CHECKOUT = not (PACKAGE / "_shipped").is_dir()
HOME = PACKAGE.parent if IS_CHECKOUT else PACKAGE / "_shipped"
NOTEBOOKS = HOME / "notebooks"
SAMPLE = HOME / "data" / "sample"
SCHEMA = PACKAGE / "findings.schema.json"


def cache() -> Path:
    """The folder for what was read once, to be read again faster."""
    if IS_CHECKOUT:
        return HOME / ".cache"
    from platformdirs import user_cache_path

    return user_cache_path("retention-notebooks")


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
