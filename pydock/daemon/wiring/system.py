"""Joins the services of the engine itself: info, version, events, disk usage."""

from dataclasses import dataclass

from pydock.daemon.config import Config
from pydock.daemon.core import Core
from pydock.daemon.events import Events
from pydock.daemon.http.router import Route
from pydock.daemon.routes import system
from pydock.daemon.system.engine import Counts, Engine
from pydock.daemon.system.usage import DiskUsage


@dataclass(frozen=True, slots=True)
class SystemServices:
    """What this area consists of."""

    engine: Engine
    events: Events
    usage: DiskUsage

    def reload(self, config: Config) -> None:
        """Take over what a reload changes."""
        self.engine.reload(config)


def build(core: Core, counts: Counts, usage: DiskUsage) -> SystemServices:
    """Make the services."""
    return SystemServices(Engine(core.config, core.events, counts), core.events, usage)


def routes(services: SystemServices) -> list[Route]:
    """The routes."""
    return system.routes(services.engine, services.events, services.usage)
