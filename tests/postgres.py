"""A PostgreSQL server of the tests' own: made in a temporary folder, reached on loopback, gone afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER, PASSWORD = "owner", "a secret / with @ signs"
QUOTED = "a%20secret%20%2F%20with%20%40%20signs"


def binaries() -> Path | None:
    """The folder of the server's programs; Debian keeps them off the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def server(programs: Path) -> Iterator[str]:
    """A running server: the address of its owner, without a database."""
    home = Path(tempfile.mkdtemp(prefix="retention-postgres-"))
    # The server refuses to run as root, so there somebody else has to.
    as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    (home / "password").write_text(PASSWORD)
    if as_whom:
        for path in (home, home / "password"):
            shutil.chown(path, "postgres")
    port, cluster = _free_port(), home / "cluster"

    def run(program: str, *arguments: str) -> None:
        command = [*as_whom, str(programs / program), "-D", str(cluster), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120, cwd=home)

    try:
        run("initdb", "-U", OWNER, "-A", "scram-sha-256", f"--pwfile={home / 'password'}", "--no-sync")
        listening = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
        run("pg_ctl", "-o", listening, "-l", str(home / "log"), "-w", "start")
        try:
            yield f"postgresql://{OWNER}:{QUOTED}@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
