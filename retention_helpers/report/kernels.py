"""Kernels that begin as copies of a process that has imported what notebooks import: nobody imports it twice.

Linux alone copies processes safely: elsewhere a kernel is an interpreter of its own, as usual (`running`).
"""

import asyncio
import multiprocessing
import os
import signal
from importlib.metadata import EntryPoint
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

COPIED = "copied"


def are_copies() -> None:
    """From now on a kernel that this process starts is a copy of it. Call before there are threads."""
    factory = KernelProvisionerFactory.instance()
    where = EntryPoint(COPIED, f"{__name__}:Copied", KernelProvisionerFactory.GROUP_NAME)
    factory.provisioners[COPIED] = where
    factory.default_provisioner_name = COPIED


class Copied(LocalProvisioner):
    """Launches a kernel in a copy of this process."""

    async def launch_kernel(self, cmd: list[str], **asked: Any) -> KernelConnectionInfo:
        arguments = [*cmd[cmd.index("-f") :], f"--IPKernelApp.parent_handle={os.getpid()}"]
        copy = _Process(arguments, asked["cwd"], asked["env"])
        self.process = copy  # type: ignore[assignment]
        self.pid = self.pgid = copy.pid  # a group of its own
        self.cwd = asked["cwd"]
        return self.connection_info


class _Process:
    """A copy of this process that becomes a kernel, with as much of `subprocess.Popen` as is asked of it."""

    stdin = stdout = stderr = None

    def __init__(self, *given: object) -> None:
        self._copy = multiprocessing.get_context("fork").Process(target=_become_kernel, args=given)
        self._copy.start()
        self.pid = self._copy.pid
        self.kill, self.terminate = self._copy.kill, self._copy.terminate

    def poll(self) -> int | None:
        return self._copy.exitcode

    def wait(self) -> int | None:
        self._copy.join()
        return self._copy.exitcode

    def send_signal(self, number: int) -> None:
        assert self.pid
        os.kill(self.pid, number)


def _become_kernel(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    os.setsid()  # Ctrl-C reaches every process of the terminal, and is not for this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.set_event_loop(asyncio.new_event_loop())  # the one that runs here is the parent's
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    IPKernelApp.launch_instance(argv=arguments)
