"""The command line, a module a command: each declares its arguments with `declare` and runs with `run`.

Heavy modules are imported where a command runs, so that `--help` is instant.
"""
