"""`machine`: the engine's own ID."""

from pathlib import Path

import pytest

from pydock.daemon.system.machine import engine_id


def test_it_is_made_once(tmp_path: Path) -> None:
    first = engine_id(tmp_path)
    assert engine_id(tmp_path) == first == (tmp_path / "engine-id").read_text()


def test_an_administrator_may_write_another(tmp_path: Path) -> None:
    (tmp_path / "engine-id").write_text("ABCD:EFGH this-is-it\n")
    assert engine_id(tmp_path) == "ABCD:EFGH this-is-it"


@pytest.mark.parametrize("text", ["", " \n", "a\nb", "x" * 300, "\u00fc"])
def test_what_can_be_none_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "engine-id").write_text(text)
    assert len(engine_id(tmp_path)) == 36
