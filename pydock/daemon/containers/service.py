"""The services of a container's life, joined: who starts, who watches, who records an end, who removes.

The wiring makes one `ContainerLife`; routes and other areas take from it what they need.
"""

from dataclasses import dataclass

from pydock.daemon.containers.afterlife import Afterlife
from pydock.daemon.containers.announcements import Announcements
from pydock.daemon.containers.attach import Attacher
from pydock.daemon.containers.attachments import Attachments
from pydock.daemon.containers.catalog import Catalog, Entry
from pydock.daemon.containers.exec import ExecService
from pydock.daemon.containers.execs import Execs
from pydock.daemon.containers.exits import Exits
from pydock.daemon.containers.health import Health
from pydock.daemon.containers.launcher import Launcher
from pydock.daemon.containers.life import Life
from pydock.daemon.containers.lifecycle import Lifecycle
from pydock.daemon.containers.live import LiveContainer
from pydock.daemon.containers.memory import MemoryWatch
from pydock.daemon.containers.provisions import Provisions
from pydock.daemon.containers.recovery import Autostart, Recovery
from pydock.daemon.containers.removal import Leftovers, Remover
from pydock.daemon.containers.spec_builder import SpecBuilder
from pydock.daemon.containers.start import Starter
from pydock.daemon.containers.waiters import Waiters
from pydock.daemon.core import Core
from pydock.daemon.networks.sandboxes import Sandboxes
from pydock.daemon.volumes.service import Volumes
from pydock.imagestore.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The other areas' services that a running container needs."""

    sandboxes: Sandboxes
    volumes: Volumes
    snapshots: Snapshots


@dataclass(frozen=True, slots=True)
class ContainerLife:
    """The services of this kind."""

    lifecycle: Lifecycle
    attacher: Attacher
    execs: ExecService
    recovery: Recovery
    autostart: Autostart
    afterlife: Afterlife
    catalog: Catalog
    table: Execs
    announcements: Announcements

    def close(self) -> None:
        """The daemon ends: containers go on, nothing is restarted any more."""
        self.autostart.close()
        self.afterlife.close()
        for entry in self.catalog.all():
            if entry.live is not None:
                entry.live.hang_up()


def build(core: Core, catalog: Catalog, specs: SpecBuilder, around: Surroundings) -> ContainerLife:
    """Construct them."""
    announcements, attachments, waiters, table = Announcements(core.events), Attachments(), Waiters(), Execs()
    provisions = Provisions(core.exec_root, catalog, around.sandboxes, around.volumes, around.snapshots)
    launcher = Launcher(core.exec_root, core.zygote, specs)
    leftovers = Leftovers(around.snapshots, around.volumes, launcher)
    remover = Remover(catalog, announcements, attachments, table, waiters, leftovers)
    execs = ExecService(catalog, announcements, specs, table)

    health = Health(execs, table, announcements)
    memory = MemoryWatch(catalog, announcements)

    def watch(entry: Entry, live: LiveContainer) -> None:
        Life(entry, live, exits, execs, announcements)
        health.watch(entry, live)
        memory.watch(entry, live)

    starter = Starter(catalog, announcements, provisions, launcher, attachments, watch)
    afterlife = Afterlife(catalog, starter.start, remover.remove)
    exits = Exits(catalog, announcements, provisions, launcher, waiters, afterlife)
    return ContainerLife(
        Lifecycle(catalog, announcements, starter, remover, afterlife, waiters),
        Attacher(announcements, attachments),
        execs,
        Recovery(catalog, launcher, provisions, exits, execs, watch),
        Autostart(catalog, starter, afterlife),
        afterlife,
        catalog,
        table,
        announcements,
    )
