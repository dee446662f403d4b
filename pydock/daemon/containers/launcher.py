"""From a record and its provision to a running shim: writes the bundle, asks the zygote, gives the clients away.

`start` calls it; what a shim left behind is cleared here too.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Sequence
from concurrent.futures import Future, wait
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydock import durable
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.log_target import log_of
from pydock.daemon.containers.provisions import Outline, Provision
from pydock.daemon.containers.record import Container
from pydock.daemon.containers.spec_builder import SpecBuilder, namespaces
from pydock.daemon.offload import offload
from pydock.errors import InvalidParameter, PydockError, StepFailed, System
from pydock.linux import datagram
from pydock.runtime import bundle as bundles
from pydock.runtime import channel
from pydock.runtime.cgroups import Cgroup, kill_all
from pydock.runtime.launch import birthplace
from pydock.runtime.messages import AttachStream, ClientStream, HoldPorts, Log, Proceed, StartContainer
from pydock.runtime.zygote_process import Zygote

#: the number of requests whose answer nobody waits for
_UNASKED = 0


@dataclass(frozen=True, slots=True)
class GivenClient:
    """A client's connection on its way to the shim; the descriptor is the launcher's from then on."""

    descriptor: int
    stream: ClientStream


class Launcher:
    """Starts shims with bundles under ``<exec root>/containers``."""

    def __init__(self, exec_root: Path, zygote: Zygote, specs: SpecBuilder) -> None:
        self._bundles = exec_root / "containers"
        self._zygote = zygote
        self._specs = specs

    def bundle(self, container_id: str) -> Path:
        """The directory where a container's shim and the daemon find each other."""
        return self._bundles / container_id

    def summon(self, record: Container, outline: Outline, undo: AsyncExitStack) -> "asyncio.Future[socket.socket]":
        """Have a shim forked, which waits with the first process until `launch`: its control socket.

        Nothing of the container is made before that.  Where the start fails `undo` closes the socket, and both end.
        """
        shim = offload(self._summon, record, outline)

        async def dismiss() -> None:
            with contextlib.suppress(Exception):  # who waited for it has been told
                (await shim).close()

        undo.push_async_callback(dismiss)
        return shim

    async def launch(
        self,
        record: Container,
        provision: Provision,
        shim: socket.socket,
        clients: Sequence[GivenClient],
        noted: "Future[None]",
    ) -> LiveContainer:
        """Have the shim start the container; what becomes of it, `LiveContainer.started` tells.

        It goes ahead when it has been `noted` what the container has: the next daemon must find it.
        """
        try:
            await offload(self._proceed, record, provision, shim, clients, noted)
        finally:
            for client in clients:
                os.close(client.descriptor)
        return LiveContainer(shim, str(self.bundle(record.id)), self._specs.cgroup_path(record))

    async def connect(self, record: Container) -> LiveContainer:
        """The shim that a container has still; OSError where it has none."""
        sock = await offload(bundles.connect, str(self.bundle(record.id)))
        return LiveContainer(sock, str(self.bundle(record.id)), self._specs.cgroup_path(record))

    def clear(self, container_id: str) -> None:
        """Remove a container's bundle.  Blocks."""
        durable.discard(self.bundle(container_id))

    def bundles(self) -> list[Path]:
        """Every bundle.  Blocks."""
        return list(self._bundles.iterdir()) if self._bundles.is_dir() else []

    def bury(self, record: Container) -> bool:
        """Kill what a shim that was killed left alive, and remove what it would have removed.  Blocks.

        Returns whether there had been a shim since the machine came up.
        """
        cgroup = Cgroup.at(self._specs.cgroup_path(record))
        for step in (cgroup.thaw, partial(kill_all, cgroup), cgroup.remove):
            with contextlib.suppress(OSError):
                step()
        bundle = self.bundle(record.id)
        was_here = (bundle / bundles.PID).exists()
        bundles.clear(str(bundle))
        with contextlib.suppress(OSError):
            os.rmdir(bundle / bundles.ROOTFS)
        return was_here

    def _summon(self, record: Container, outline: Outline) -> socket.socket:
        config = record.config
        new_namespaces, pid_namespace = birthplace(
            namespaces(record.host_config, outline.namespaces), joins_network=True
        )
        message = StartContainer(
            id=record.id,
            bundle=str(self.bundle(record.id)),
            rootfs=[asdict(mount) for mount in outline.rootfs],
            new_namespaces=new_namespaces,
            pid_namespace=pid_namespace,
            cgroup=self._specs.cgroup_path(record),
            seccomp_filter=self._specs.seccomp_filter(record),
            tty=bool(config.get("Tty")),
            open_stdin=bool(config.get("OpenStdin")),
            stdin_once=bool(config.get("StdinOnce")),
            init=bool(record.host_config.get("Init")),
            log=_log(record),
        )
        ours, theirs = datagram.pair()
        with theirs:
            try:
                self._zygote.start_container(message, [theirs.fileno()])
            except BaseException:
                ours.close()
                raise
        return ours

    def _proceed(
        self,
        record: Container,
        provision: Provision,
        shim: socket.socket,
        clients: Sequence[GivenClient],
        noted: "Future[None]",
    ) -> None:
        spec = self._spec(record, provision)
        directory = self.bundle(record.id)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / bundles.CONFIG).write_bytes(json.dumps(spec, separators=(",", ":")).encode())
        sandbox = provision.sandbox
        wait((noted,))
        with contextlib.suppress(ConnectionError):  # it has failed: what it said of that is read next
            if sandbox.held:
                channel.send(shim, HoldPorts(_UNASKED, sandbox.relay), sandbox.held)
            for client in clients:
                channel.send(shim, AttachStream(_UNASKED, client.stream), [client.descriptor])
            channel.send(shim, Proceed(), [sandbox.netns] if sandbox.netns >= 0 else [])

    def _spec(self, record: Container, provision: Provision) -> dict[str, Any]:
        """The spec with the terminal's size; what of it cannot be is no fault of the request to start."""
        try:
            spec: dict[str, Any] = dict(self._specs.build(record, provision.resolved))
        except InvalidParameter as error:
            raise System(error.message) from error
        size = record.host_config.get("ConsoleSize") or (0, 0)
        if record.config.get("Tty") and all(size):
            spec["process"] = {**spec["process"], "consoleSize": {"height": size[0], "width": size[1]}}
        return spec


def _log(record: Container) -> Log:
    try:
        return log_of(record)
    except PydockError as error:
        raise StepFailed("initialize logging driver", detail=error.message) from error
