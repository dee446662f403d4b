"""Docker's filters of networks."""

import pytest

from pydock.daemon.networks.filtering import prunable
from pydock.daemon.networks.live import LiveNetwork
from pydock.daemon.networks.record import NetworkRecord


@pytest.mark.parametrize(
    ("unwanted", "goes"),
    [([], True), (["a"], False), (["a=1"], False), (["a=2"], True), (["b"], True), (["a", "b"], True)],
)
def test_a_prune_leaves_what_has_all_unwanted_labels(unwanted: list[str], goes: bool) -> None:
    """As with containers and volumes."""
    network = LiveNetwork(NetworkRecord("1" * 64, "net", 1, "bridge", labels={"a": "1"}))
    assert bool(prunable([network], {"label!": unwanted})) is goes
