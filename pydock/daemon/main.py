"""pydockd: reads its configuration, builds every object once, serves until it is told to stop.

The one place that knows all areas.  What an area consists of stands in its module of `wiring`.
"""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import ssl
import sys
from collections.abc import Callable, Sequence

from pydock.daemon import configure, listeners, output, roots, service_manager
from pydock.daemon.config import VERSION, Config
from pydock.daemon.core import Core
from pydock.daemon.events import Events
from pydock.daemon.http.head import declare
from pydock.daemon.http.router import Route, Router
from pydock.daemon.http.server import Server
from pydock.daemon.offload import finish, offload
from pydock.daemon.state.database import Database
from pydock.daemon.wiring import container_records, containers, images, networks, observers, system, volumes
from pydock.errors import PydockError
from pydock.linux import memory
from pydock.runtime.zygote_process import Zygote

STEPS = (*images.STEPS, *networks.STEPS, *volumes.STEPS, *containers.STEPS)
PRELOAD = (*images.PRELOAD, *networks.PRELOAD, *volumes.PRELOAD, *containers.PRELOAD, *observers.PRELOAD)
#: takes over what a running daemon can of a configuration
Reload = Callable[[Config], None]
#: how long answers under way may take when the daemon ends, in seconds
GRACE = 5.0

log = logging.getLogger("pydock")


def main() -> None:
    """The program ``pydockd``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Do what the command line says; returns the exit status."""
    try:
        command_line = configure.parse(arguments)
    except configure.BadUsage as error:
        print(f"{error}\nSee 'pydockd --help'.", file=sys.stderr)
        return 1
    if command_line.values.get("help"):
        print(configure.usage())
        return 0
    if command_line.values.get("version"):
        print(f"pydock version {VERSION}")
        return 0
    try:
        config = configure.load(command_line)
        tls = listeners.tls_context(config.tls)
        if command_line.values.get("validate"):
            print("configuration OK")
            return 0
        if os.geteuid() != 0:
            print("pydockd needs to be started with root privileges", file=sys.stderr)
            return 1
        output.begin("debug" if config.debug else config.log_level, config.log_format)
        _fill_standard_streams()
        os.umask(0o022)  # whatever it was started with: images and containers are for others than root, too
        _raise_limits()
        with roots.claim(config.data_root, config.exec_root, config.pidfile):
            try:
                asyncio.run(serve(config, command_line, tls))
            finally:
                finish()
    except PydockError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


def _fill_standard_streams() -> None:
    """Where it was started without them, the next files would get their numbers, and whatever is said there."""
    while (descriptor := os.open("/dev/null", os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _raise_limits() -> None:
    """Many containers and many clients take many descriptors."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(config: Config, command_line: configure.CommandLine, tls: ssl.SSLContext | None) -> None:
    """Build everything, restore what was, serve until a signal comes."""
    log.info("Starting up")
    stop = _signals()
    async with contextlib.AsyncExitStack() as stack:
        sockets = listeners.open_all(config.hosts, config.group)
        stack.callback(sockets.close)
        zygote = await offload(Zygote.spawn, config.exec_root, PRELOAD)
        stack.callback(zygote.close)
        database = await offload(Database, roots.find_index(config.data_root), STEPS)
        stack.callback(database.close)
        core = Core(config, database, Events(), zygote)

        declare(config.experimental)
        routes, reload = await _build(core, stack)
        server = Server(Router(routes), lambda: offload(memory.trim))  # what clients were slow to take adds up
        await server.listen(sockets.sockets, tls)
        stack.push_async_callback(server.close, GRACE)
        _reload_on_hangup(reload, command_line)
        log.info("Daemon has completed initialization")
        for host in config.hosts or (listeners.DEFAULT_HOST,):
            log.info("API listen on %s", host.removeprefix("unix://").removeprefix("tcp://"))
            if host.startswith("tcp://") and not config.tls.verify:
                log.warning("%s without --tlsverify gives root access on this machine to everyone who reaches it", host)
        service_manager.notify("READY=1")
        await stop.wait()
        log.info("Processing signal 'terminated'")
        service_manager.notify("STOPPING=1")
    log.info("Daemon shutdown complete")


async def _build(core: Core, stack: contextlib.AsyncExitStack) -> tuple[list[Route], Reload]:
    """Build the areas in the order in which they need each other, then restore them in that order."""
    image = images.build(core)
    store, snapshots = image.store.images, image.store.snapshots
    network = networks.build(core)
    stack.callback(networks.close, network)
    volume = volumes.build(core)
    container = containers.build(core, image.catalog, snapshots, volume.volumes, network.sandboxes)
    stack.callback(containers.close, container, core.config.containers.cgroup_parent)
    catalog = container.catalog
    records = container_records.build(core, container, image.catalog, store, snapshots, network.sandboxes)
    image.users.join(records.users)
    looking = observers.build(core, catalog, snapshots, volume.volumes)
    engine = system.build(core, catalog, records.listing, image.catalog, volume.volumes)

    def reload(loaded: Config) -> None:
        config = configure.reloaded(engine.engine.config, loaded)
        containers.reload(container, config)
        images.reload(image, config)
        engine.engine.reload(config)

    async def stop_all() -> None:
        config = engine.engine.config
        if not config.live_restore:
            await containers.stop_all(container, config.shutdown_timeout)

    stack.push_async_callback(stop_all)
    await images.restore(core, image, [*catalog.unreadable, *(entry.id for entry in catalog.all())])
    await networks.restore(network)
    await volumes.restore(volume, catalog)
    await containers.restore(container, core.config.live_restore)
    await networks.settle(network)
    await containers.started(container)
    routes = [
        *container_records.routes(container, records),
        *containers.routes(container),
        *observers.routes(looking),
        *images.routes(image),
        *networks.routes(network, catalog),
        *volumes.routes(volume),
        *system.routes(engine),
    ]
    return routes, reload


def _signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    return stop


def _reload_on_hangup(reload: Reload, command_line: configure.CommandLine) -> None:
    """SIGHUP: read the configuration file again and take over what can change while the daemon runs."""

    def read() -> None:
        try:
            reload(configure.load(command_line))
        except PydockError as error:
            log.error("failed to reload the configuration: %s", error.message)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read)


if __name__ == "__main__":
    main()
