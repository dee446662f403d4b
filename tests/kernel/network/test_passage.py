"""Our bridges' rules in others' FORWARD chains, in a network namespace of the test's own."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from pydock.linux import netns
from pydock.network.passage import Passage

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="needs root and nft")

Nft = Callable[[str], str]
BASE = "type filter hook forward priority 0"


@pytest.fixture
def space() -> Iterator[tuple[Passage, Nft]]:
    """A passage in an empty packet filter, and nft(8) there."""
    thread = netns.NamespaceThread()
    descriptor, passage = thread.make(lambda own: (own, Passage("pdt-passage"))).result()

    def nft(command: str) -> str:
        words = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{descriptor}", "nft", *command.split()]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    try:
        yield passage, nft
    finally:
        passage.close()
        os.close(descriptor)
        thread.close()


def test_a_chain_that_drops_gets_the_rules_and_loses_them_when_it_drops_no_more(space: tuple[Passage, Nft]) -> None:
    passage, nft = space
    nft("add table ip filter")
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy drop ; }}")
    passage.reset()
    passage.open("pdt0")
    assert nft("list chain ip filter FORWARD").count("pdt-passage") == 2
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy accept ; }}")
    passage.renew()
    assert "pdt-passage" not in nft("list chain ip filter FORWARD")
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy drop ; }}")
    passage.renew()
    assert nft("list chain ip filter FORWARD").count("pdt-passage") == 2
    nft("flush chain ip filter FORWARD")
    passage.renew()
    assert nft("list chain ip filter FORWARD").count("pdt-passage") == 2
    passage.shut("pdt0")
    assert "pdt-passage" not in nft("list chain ip filter FORWARD")


def test_the_rules_move_to_the_chain_for_users_where_there_comes_one(space: tuple[Passage, Nft]) -> None:
    passage, nft = space
    nft("add table ip filter")
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy drop ; }}")
    passage.reset()
    passage.open("pdt0")
    nft("add chain ip filter DOCKER-USER")
    passage.renew()
    assert nft("list chain ip filter DOCKER-USER").count("pdt-passage") == 2
    assert "pdt-passage" not in nft("list chain ip filter FORWARD")


def test_what_an_earlier_run_left_is_taken_out(space: tuple[Passage, Nft]) -> None:
    passage, nft = space
    nft("add table ip filter")
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy drop ; }}")
    passage.open("pdt0")
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy accept ; }}")
    passage.reset()
    assert "pdt-passage" not in nft("list chain ip filter FORWARD")


def test_chains_that_need_no_rules_are_not_listed(space: tuple[Passage, Nft], monkeypatch: pytest.MonkeyPatch) -> None:
    passage, nft = space
    nft("add table ip filter")
    nft(f"add chain ip filter FORWARD {{ {BASE} ; policy accept ; }}")
    passage.reset()
    passage.open("pdt0")
    nft("add table ip other")
    with monkeypatch.context() as patch:
        patch.delattr("pydock.linux.nftables.rules")
        passage.renew()
