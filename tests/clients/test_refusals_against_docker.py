"""Command lines that the client refuses by itself: pydock's words and exit codes are those of Docker's own client."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients.engines import followed_client
from tests.clients.test_cli_against_docker import Pair, Recorder, pydock_program
from tests.clients.test_containers_against_docker import cases

FILES = {
    "badenv": b"A B=1\n",
    "badenv2": b"=x\n",
    "binenv": b"\xff\xfe=1\n",
    "badlabels": b"a b=1\n",
    "badsec.json": b"{",
}


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Pair]:
    """Both clients, in a directory with files that are wrong, on an engine that refuses everything."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "directory").mkdir()
    recorder = Recorder(tmp_path / "s")
    yield Pair(followed_client(), pydock_program(tmp_path), f"unix://{tmp_path / 's'}", tmp_path)
    recorder.close()


@pytest.mark.parametrize(("theme", "command"), [("options", "create "), ("usage", "")])
def test_both_clients_refuse_in_the_same_words(clients: Pair, theme: str, command: str) -> None:
    lines = [command + line.replace("@box", "image").replace("@", "") for line in cases("client")[theme]]
    with ThreadPoolExecutor(4) as pool:
        outcomes = dict(zip(lines, pool.map(clients.both, lines), strict=True))
    assert {line: second for line, (_, second) in outcomes.items()} == {
        line: first for line, (first, _) in outcomes.items()
    }
