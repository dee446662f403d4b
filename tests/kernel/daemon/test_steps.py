"""A kill -9 of the daemon in the midst of operations: of each, one of the steps that `steps` knows."""

from pathlib import Path

from tests.kernel.daemon.steps import trials

#: operations, and how far each has come
SAMPLE = {
    "create": 0.6,
    "start": 0.5,
    "remove": 0.7,
    "end": 0.5,
    "connect": 0.7,
    "commit": 0.6,
    "pull": 0.8,
    "remove image": 0.5,
}


def test_an_operation_is_done_or_not_done(tmp_path: Path) -> None:
    with trials(tmp_path) as steps:
        for name, part in SAMPLE.items():
            seen = steps.count(name)
            assert seen
            assert steps.die(name, 1 + int(part * len(seen))) == []
