"""cp, the archive API, diff and export, the same on pydock and on a real Docker Engine: links, owners, modes, words."""

import base64
import bz2
import contextlib
import gzip
import http.client
import io
import json
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.clients.engines import Engine, File, Pair, UnixConnection

TREE = {
    "d": File(None, mode=0o755),
    "d/f": File(b"file f\n", mode=0o640, owner=(1000, 1001)),
    "d/sub": File(None, mode=0o2770, owner=(5, 6)),
    "d/sub/g": File(b"g", mode=0o4755),
    "d/link": File(link="f"),
    "d/absolute": File(link="/d/f"),
    "d/up": File(link="../../../../etc/name"),
    "etc/name": File(b"inside\n"),
    "links": File(None),
    "links/directory": File(link="/d"),
    "links/file": File(link="../d/f"),
    "links/dangling": File(link="/nowhere"),
    "links/loop": File(link="loop"),
    "links/out": File(link="../../../../../../tmp/h"),
    "empty": File(None, mode=0o700),
    "sp ace": File(b"s"),
}
PATHS = [
    "/d", "/d/", "/d/.", "/d/f", "/d/f/.", "/d/f/x", "d/f", "/d/link", "/d/absolute", "/d/up", "/links/directory",
    "/links/directory/", "/links/directory/.", "/links/directory/f", "/links/file", "/links/dangling",
    "/links/dangling/", "/links/loop", "/links/out", "/links/out/", "/nope", "/nope/", "/d/sub", "/d/sub/g",
    "/empty", "/empty/", "/sp ace", "/d/../d/f", "//d//f", "/proc", "",
]  # fmt: skip
#: the kernel follows them as they are
DOTS = [
    "/links/directory/..", "/links/directory/../links/file", "/links/directory/../../etc/name", "/links/dangling/..",
    "/links/file/..", "/d/f/..", "/d/sub/../f", "/nope/../d", "/.", "/..", ".", "..", "d/..", "/d/sub/.././",
]  # fmt: skip


@pytest.fixture(scope="module")
def tree(pydock_engine: Engine, docker_engine: Engine) -> Pair:
    """Both engines, with an image of the tree."""
    for engine in (docker_engine, pydock_engine):
        engine.import_image("tree", TREE, ["VOLUME /volume", "USER 1000:1001"])
    return Pair(pydock_engine, docker_engine)


def ask(
    on: Engine, method: str, path: str, query: str = "", body: bytes | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """A request for an archive of the container called c: status, body, headers."""
    target = on.fill(f"/containers/@c/archive?path={quote(path)}{query}")
    with contextlib.closing(UnixConnection(on.socket)) as connection:
        connection.request(method, target, body, {"Content-Type": "application/x-tar"})
        response = connection.getresponse()
        return response.status, response.read(), response.headers


def members(data: bytes) -> Any:
    """What is in a tar; the words of an error."""
    if data[:1] == b"{":
        return json.loads(data)["message"]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [
            (
                one.name,
                one.type.decode(),
                oct(one.mode),
                one.uid,
                one.gid,
                one.size,
                one.linkname,
                sorted(one.pax_headers),
            )
            for one in archive
        ]


def test_stat(tree: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c -v @v:/v @tree true")
        seen = []
        for path in (*PATHS, *DOTS, "/v", "/v/"):
            status, _, headers = ask(on, "HEAD", path)
            text = headers["X-Docker-Container-Path-Stat"]
            found = json.loads(base64.b64decode(text)) if text else None
            if found and found["mode"] >> 31:
                found["size"] = 0  # a matter of the file system
            seen.append((path, status, found))
        return seen

    tree.compare(scene)


def test_read(tree: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c @tree true")
        answers = [(path, *ask(on, "GET", path)[:2]) for path in PATHS if path not in ("", "/proc")]
        seen = [(path, status, members(data)) for path, status, data in answers]
        roots = [(path, members(ask(on, "GET", path)[1])[0][0]) for path in DOTS if path.count("/") < 2]
        return seen, roots, ask(on, "GET", "/d")[2]["Content-Type"], on.api("GET", "/containers/@c/archive")

    tree.compare(scene)


def packed(*entries: tuple[str, bytes, str, int]) -> bytes:
    """A tar of (name, type, content or target, mode), everything owned by 7:8."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, text, mode in entries:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.uid, member.gid, member.mtime = kind, mode, 7, 8, 1_500_000_000
            if kind == tarfile.REGTYPE:
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
            else:
                member.linkname = text
                archive.addfile(member)
    return buffer.getvalue()


FILE, DIRECTORY, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
SOME = packed(
    ("a", FILE, "a", 0o640), ("x", DIRECTORY, "", 0o711), ("x/b", FILE, "b", 0o4755), ("x/l", LINK, "b", 0o777),
    ("x/h", HARD, "x/b", 0o644),
)  # fmt: skip
KEEP = "&noOverwriteDirNonDir=1"
PUTS = [
    ("/empty", "", SOME),
    ("/empty/", "", gzip.compress(SOME)),
    ("/empty", "", bz2.compress(SOME)),
    ("/empty", "&copyUIDGID=1", SOME),
    ("/nope", "", SOME),
    ("/d/f", "", SOME),
    ("/links/directory", "", SOME),
    ("/links/file", "", SOME),
    ("/links/dangling", "", SOME),
    ("/links/loop", "", SOME),
    ("/volume", "", SOME),
    ("", "", SOME),
    ("/empty", KEEP, packed(("f", FILE, "new", 0o600))),
    ("/d", KEEP, packed(("f", DIRECTORY, "", 0o700))),
    ("/d", KEEP, packed(("sub", FILE, "x", 0o700))),
    ("/d", "", packed(("sub", FILE, "x", 0o700))),
    ("/d", "", packed(("f", DIRECTORY, "", 0o700))),
    ("/d", "", packed(("link", FILE, "instead", 0o600))),
    ("/empty", "", b""),
    ("/empty", "", packed(("../escaped", FILE, "z", 0o644))),
    ("/empty", "", packed(("/escaped", FILE, "z", 0o644))),
    ("/empty", "", packed(("h", HARD, "../../etc/name", 0o644))),
]


def test_write(tree: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen: list[Any] = []
        for path, query, body in PUTS:
            on.api("POST", "/containers/create?name=@c", {"Image": "@tree"})
            status, answer, _ = ask(on, "PUT", path, query, body)
            # where Docker calls what the client sent an error of its own, pydock says that it is the client's
            seen.append((path, query, min(status, 400), answer.decode()))
            seen += [members(ask(on, "GET", place)[1]) for place in ("/empty", "/d", "/volume", "/links")]
            seen.append(ask(on, "HEAD", "/escaped")[0])
            on.api("DELETE", "/containers/@c?v=1")
        return seen

    tree.compare(scene)


def listed(top: Path) -> list[Any]:
    """Everything below a directory."""
    found = []
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        text = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else ""
        owner = (status.st_uid, status.st_gid)
        found.append((str(path.relative_to(top)), oct(status.st_mode), owner, text))
    return found


def local_tree(top: Path) -> None:
    """What is copied in."""
    shutil.rmtree(top, ignore_errors=True)
    (top / "there").mkdir(parents=True)
    (top / "file").write_text("file\n")
    (top / "file").chmod(0o640)
    os.chown(top / "file", 1234, 1235)
    (top / "there/old").write_text("old\n")
    (top / "link").symlink_to("file")
    (top / "directory").symlink_to("there")
    (top / "dangling").symlink_to("nowhere")


COPIES = [
    "@c:/d/f new", "@c:/d/f there", "@c:/d/f there/", "@c:/d/f file", "@c:/d/f nodir/", "@c:/d/f nodir/new",
    "@c:/d new", "@c:/d there", "@c:/d/. new", "@c:/d/. there", "@c:/d file", "@c:/d/f/ new", "@c:/d/link new",
    "-L @c:/d/link new", "@c:/links/directory new", "-L @c:/links/directory new", "@c:/links/directory/ new",
    "@c:/links/dangling new", "-L @c:/links/dangling new", "@c:/links/loop new", "@c:/nope new", "@none:/d new",
    "-a @c:/d new", "@c:/d/f link", "@c:/d/f directory", "@c:/d/f dangling", "@c:/d/up new", "-L @c:/d/up new",
    "-q @c:/d/f new", "@c:/d/f -", "@c:/nope -", "@c:/d/f @c:/d/g", "file new", "- -", "@c:/d",
    "file @c:/", "file @c:/new", "file @c:/d", "file @c:/d/", "file @c:/d/f", "file @c:/d/f/", "file @c:/nope/",
    "file @c:/nope/new", "there @c:/new", "there @c:/d", "there @c:/d/f", "there/. @c:/new", "there/. @c:/d",
    "there/. @c:/d/f", "nothing @c:/d", "link @c:/new", "-L link @c:/new", "directory @c:/new", "-L directory @c:/new",
    "directory/ @c:/new", "-a file @c:/new", "file @c:/links/file", "file @c:/links/dangling",
    "file @c:/links/directory",
    "file @c:/links/loop", "file/ @c:/new", "- @c:/d/f", "- @c:/nope", "dangling @c:/new", "-L dangling @c:/new",
    "file @c:/volume/new", "file @c:", "file :/x", "-a there @c:/d",
]  # fmt: skip


def test_copy(tree: Pair, tmp_path: Path) -> None:
    def scene(on: Engine) -> Any:
        seen: list[Any] = []
        here = os.getcwd()
        top = tmp_path / "top"
        try:
            for line in COPIES:
                local_tree(top)
                os.chdir(top)
                on.api("POST", "/containers/create?name=@c", {"Image": "@tree"})
                outcome = on.run(f"cp {line}", stdin=SOME)
                out = members(outcome.out.encode()) if line.endswith(" -") and outcome.code == 0 else outcome.out
                # what the client says of a tar that nobody reads any more comes or not, as threads will have it
                err = [line for line in outcome.err.splitlines() if "to tar: io:" not in line]
                seen.append((line, outcome.code, out, err, listed(top)))
                if ":" in line.split()[-1] and outcome.code == 0:
                    places = ("/d", "/new", "/links", "/volume", "/file", "/nowhere", "/nope")
                    seen += [(place, members(ask(on, "GET", place)[1])) for place in places]
                    on.api("DELETE", "/containers/@c?v=1")
        finally:
            os.chdir(here)
        return seen

    tree.compare(scene)


def test_mounts_are_seen(tree: Pair, tmp_path: Path) -> None:
    (tmp_path / "bound").mkdir()
    (tmp_path / "bound/file").write_text("bound\n")
    flags = f"-v {tmp_path}/bound:/bound -v {tmp_path}/bound:/locked:ro -v @v:/v --tmpfs /tmp --read-only"

    def scene(on: Engine) -> Any:
        (tmp_path / "bound/put").unlink(missing_ok=True)
        on.ok(f"create --name @c -u 0 {flags} @tree sleep 1000")
        seen: list[Any] = []
        for start in ("", "start @c", "kill @c"):
            if start:
                on.ok(start)
            seen.append(members(ask(on, "GET", "/bound")[1]))
            for place in ("/bound", "/locked", "/v", "/tmp", "/d"):
                status, answer, _ = ask(on, "PUT", place, "", packed(("put", FILE, start, 0o644)))
                seen.append((start, place, min(status, 400), answer.decode(), ask(on, "HEAD", f"{place}/put")[0]))
            seen.append(sorted(on.ok("diff @c").splitlines()))
        return seen

    tree.compare(scene)


def test_diff_and_export(tree: Pair) -> None:
    def scene(on: Engine) -> Any:
        program = (
            "rm -r /d/sub; echo x >> /d/f; chmod 600 '/sp ace'; mkdir -p /new/deep; echo y > /new/deep/file;"
            "rm /d/link; /bin/busybox ln -s there /links/new; touch /volume/x; mkdir /d/sub; : > /d/sub/again"
        )
        on.ok(["run", "-u", "0", "--name", "@c", "@tree", "sh", "-c", program])
        changes = on.api("GET", "/containers/@c/changes")
        exported = members(on.run_bytes("export @c"))
        made = [one for one in exported if one[0].split("/")[0] in ("d", "new", "links", "sp ace", "volume", "empty")]
        on.ok("create --name @new @tree true")
        fresh = on.run("diff @new"), on.run("diff @none"), on.run("export @none")
        return sorted(changes.value, key=str), on.run("diff @c").code, sorted(made), fresh

    tree.compare(scene)


def test_export_has_what_the_engine_adds(tree: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c @tree true")
        return sorted(one for one in members(on.run_bytes("export @c")) if not one[0].startswith("bin/"))

    tree.compare(scene)
