"""Without any network everything works but what is asked to fetch something: nothing was on its way out.

Runs the commands within a network namespace that has no route, not even to this machine itself.
"""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
INSIDE = "RETENTION_DRILL_INSIDE"


def main() -> None:
    if not os.environ.get(INSIDE):
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        try:
            able = not subprocess.run([*alone, "true"], capture_output=True, check=False).returncode
        except OSError:
            able = False
        if not able:
            print("skipped: this system lets nobody here make a network of their own")
            return
        again = [*alone, sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(again, env=os.environ | {INSIDE: "1"}, check=False).returncode)
    _refuse_a_route()
    with tempfile.TemporaryDirectory(prefix="retention-drill-") as home:
        out = str(Path(home) / "out")
        for arguments in (
            ["check", "--out", out],
            ["report", "--month", "2026-10", "--out", out],
            ["today", "--date", "2026-10-31", "--out", out],
            ["plan", "--effect", "0.05", "--baseline", "0.8"],
            ["status", "--out", out],
        ):
            command = [sys.executable, "-m", "retention_helpers", *arguments]
            known = os.environ | {"PYTHONPATH": str(HOME)}
            run = subprocess.run(command, cwd=HOME, env=known, capture_output=True, text=True, check=False)
            print(f"{arguments[0]}: exit {run.returncode}", flush=True)
            if run.returncode:
                print(run.stdout + run.stderr)
                raise SystemExit(1)


def _refuse_a_route() -> None:
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=3).close()
    except OSError:
        return
    raise SystemExit("there is a route after all")


if __name__ == "__main__":
    main()
