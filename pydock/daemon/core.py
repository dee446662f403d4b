"""What every area of the daemon stands on, made by main before all else and handed to each area's wiring."""

from dataclasses import dataclass
from pathlib import Path

from pydock.daemon.config import Config
from pydock.daemon.events import Events
from pydock.daemon.state.database import Database
from pydock.runtime.zygote_process import Zygote
from pydock.worker.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Core:
    """The ground floor.  ``config`` never changes; what a reload may change is told to the services that hold it."""

    config: Config
    database: Database
    events: Events
    zygote: Zygote

    @property
    def data_root(self) -> Path:
        """Where everything is kept that must survive."""
        return self.config.data_root

    @property
    def exec_root(self) -> Path:
        """Where everything is kept that ends with the machine's uptime."""
        return self.config.exec_root

    @property
    def jobs(self) -> Jobs:
        """The runner of jobs in forked processes."""
        return self.zygote.jobs
