"""A short storm: whatever is killed at whatever instant, what clients were told holds and nothing is left over."""

from pathlib import Path

from tests.kernel.daemon.daemon_process import Daemon
from tests.kernel.daemon.storm import Storm
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry

SEED, ROUNDS = 20, 12


def test_what_was_told_holds_whatever_is_killed(tmp_path: Path) -> None:
    engine = Daemon(tmp_path, "s", "--default-address-pool", "base=198.19.128.0/18,size=26")
    with FaultyRegistry() as registry, engine:
        Storm(engine, registry, SEED).run(ROUNDS)
