"""`build`: the context that is sent, and what goes with it."""

import io
import tarfile
from pathlib import Path
from typing import Any


def test_build_sends_the_context_without_what_is_ignored(client: Any, tmp_path: Path) -> None:
    folder = tmp_path / "context"
    (folder / "d").mkdir(parents=True)
    for name, text in (
        ("Dockerfile", "FROM x"),
        (".dockerignore", "d\n!d/keep\n*.log"),
        ("a.log", ""),
        ("d/keep", ""),
        ("d/no", ""),
    ):
        (folder / name).write_text(text)
    client.engine.answers["POST /build"] = b'{"stream":"Successfully built 1\\n"}\n{"aux":{"ID":"sha256:1"}}\n'
    words = [
        "build",
        "-t",
        "x:1",
        "--build-arg",
        "A=b",
        "--label",
        "l=m",
        "--iidfile",
        str(tmp_path / "iid"),
        str(folder),
    ]
    assert client(*words) == 0
    assert client.out == "Successfully built 1\n"
    assert (tmp_path / "iid").read_text() == "sha256:1"
    path, body = client.engine.requests[0]
    assert "t=x%3A1" in path
    assert "buildargs=%7B%22A%22%3A%22b%22%7D" in path
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames() == [".dockerignore", "Dockerfile", "d/keep"]
    assert client("build", "--secret", "id=x", str(folder)) == 1
    assert client.err == "--secret: not supported without BuildKit\n"
    assert client("build", str(tmp_path / "none")) == 1
