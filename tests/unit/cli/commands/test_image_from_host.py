"""`image from-host`: the archive that is sent to the engine."""

import hashlib
import io
import json
import tarfile
from typing import Any


def archive_of(client: Any, *words: str) -> bytes:
    """What a call sends to the engine."""
    client.engine.answers["POST /images/load"] = b'{"stream":"Loaded image: tool:latest\\n"}\n'
    assert client("image", "from-host", "tool", *words) == 0
    assert client.out == "Loaded image: tool:latest\n"
    path, body = client.engine.requests[-1]
    assert path.startswith("POST /images/load")
    return bytes(body)


def test_the_same_programs_make_the_same_bytes(client: Any) -> None:
    assert archive_of(client, "sh", "env") == archive_of(client, "sh", "env")


def test_the_archive_is_whole_and_has_what_every_root_filesystem_has(client: Any) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive_of(client, "sh"))) as outer:
        parts = {member.name: outer.extractfile(member) for member in outer}
        contents = {name: file.read() for name, file in parts.items() if file}
    (manifest,) = json.loads(contents["manifest.json"])
    assert manifest["RepoTags"] == ["tool:latest"]
    config = json.loads(contents[manifest["Config"]])
    assert manifest["Config"] == hashlib.sha256(contents[manifest["Config"]]).hexdigest() + ".json"
    layer = contents[manifest["Layers"][0]]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["os"] == "linux"
    with tarfile.open(fileobj=io.BytesIO(layer)) as inner:
        members = {member.name: member for member in inner}
    assert {"etc/passwd", "etc/group", "etc/nsswitch.conf", "tmp", "root", "proc", "dev"} <= members.keys()
    assert members["tmp"].mode == 0o1777
    assert all((member.mtime, member.uid, member.gid) == (0, 0, 0) for member in members.values())
    assert list(members) == sorted(members, key=lambda name: f"/{name}")


def test_bash_answers_to_sh_where_no_other_shell_comes_along(client: Any) -> None:
    body = archive_of(client, "bash")
    assert b"/sh" in body


def test_the_archive_can_be_written_to_a_file(client: Any) -> None:
    path = client.folder / "image.tar"
    assert client("image", "from-host", "-o", str(path), "tool", "sh") == 0
    assert tarfile.is_tarfile(path)
    assert client.engine.requests == []


def test_what_is_not_here_is_told(client: Any) -> None:
    assert client("image", "from-host", "tool", "no-such-program-anywhere") == 1
    assert client.err == "no-such-program-anywhere: no such program or package on this machine\n"
