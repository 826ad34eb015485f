"""The command line: `retention …`, or `python -m retention_helpers …`, which is what `make` calls.

Exit status: 0 done; 1 a notebook failed, or something did not arrive; 2 the input or the arguments are wrong;
3 another run makes the same at this moment; 130 stopped with Ctrl-C.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Sequence

from retention_helpers import shipped
from retention_helpers.commands import (
    check,
    deliver,
    draw,
    explore,
    imports,
    init,
    notebooks,
    plan,
    report,
    schedule,
    schema,
    status,
    today,
)
from retention_helpers.commands.arguments import Parser
from retention_helpers.words.commands import BUSY, PROGRAM
from retention_helpers.words.errors import BeingMade, InputError, nearest, of_the_disk
from retention_helpers.words.terminal import plain_terminal

_FOR_DEVELOPERS = (notebooks, schema) if shipped.IS_CHECKOUT else ()
COMMANDS = {
    one.NAME: one
    for one in (
        report,
        today,
        check,
        init,
        imports,
        plan,
        draw,
        deliver,
        schedule,
        status,
        explore,
        *_FOR_DEVELOPERS,
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; mistakes are sentences on stderr, never tracebacks."""
    # A timer or the system says stop with SIGTERM: leave as tidily as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What is written here and in the kernels holds customers: their owner alone may read it.
    usual = os.umask(0o077)
    try:
        with plain_terminal():
            return _run(sys.argv[1:] if arguments is None else list(arguments))
    finally:
        os.umask(usual)


def _run(arguments: list[str]) -> int:
    try:
        options = _read(arguments)
        status = COMMANDS[options.name].run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read the words has seen enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BeingMade as error:
        print(error, file=sys.stderr)
        return BUSY
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # a folder that is full, read-only, or gone meanwhile
        print(of_the_disk(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Everything is as it was before.", file=sys.stderr)
        return 130


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog=PROGRAM, description="Who stays, why the others leave, and what to do.")
    commands = parser.add_subparsers(title="commands", dest="name", metavar="COMMAND", required=True)
    for command in COMMANDS.values():
        command.declare(commands)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise InputError(f"There is no command {arguments[0]}. {nearest(arguments[0], COMMANDS)}")
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        known = re.findall(r"--[a-z]+", commands.choices[options.name].format_help())
        raise InputError(f"{options.name} does not know {unknown[0]}. {nearest(unknown[0], set(known))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
