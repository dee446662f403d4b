"""Cases of images: load, pull from a registry on loopback, save, commit, import, list."""

import contextlib
import io
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cases_containers import remove, sleeper, start
from benchmarks.engines import Engine
from benchmarks.images import LARGE
from benchmarks.measure import Case

TAGS = 200
CHANGED = 100 << 20


def cases(archive: Path, registry: str) -> tuple[Case, ...]:
    """The cases over the large image in `archive`; `registry` is HOST:PORT of one that has it, "" for none."""

    def load(engine: Engine) -> float:
        forget(engine)
        with open(archive, "rb") as body:
            begin = time.perf_counter()
            engine.api.drain("POST", "/images/load", body, quiet=1)
            return time.perf_counter() - begin

    def pull(engine: Engine) -> float:
        name = f"{registry}/{LARGE}"
        with contextlib.suppress(RuntimeError):
            engine.api.call("DELETE", f"/images/{name}", force=1)
        begin = time.perf_counter()
        engine.api.drain("POST", "/images/create", fromImage=name, tag="latest")
        return time.perf_counter() - begin

    def forget(engine: Engine) -> None:
        with contextlib.suppress(RuntimeError):
            engine.api.call("DELETE", f"/images/{LARGE}", force=1)

    def forget_pulled(engine: Engine) -> None:
        with contextlib.suppress(RuntimeError):
            engine.api.call("DELETE", f"/images/{registry}/{LARGE}", force=1)

    def loaded(engine: Engine) -> None:
        load(engine)

    made: tuple[Case, ...] = (
        Case("load", "`load`, 8 layers, 8,000 files, 400 MB", 0.5, load, rounds=3, clean=forget),
        Case("save", "`save` of it", 0.5, _save, rounds=3, prepare=loaded, clean=forget),
        Case("commit", "`commit` of a changed 100 MB file", 0.6, _commit, 3, prepare=_changed, clean=_committed),
        Case("import", "`import` of 100 MB", 0.8, _import, rounds=3),
        Case("images", "200 images: `GET /images/json`", 1.0, _list, rounds=20, prepare=_tags, clean=_no_tags),
    )
    if registry:
        made += (Case("pull", "`pull` of the large image", 0.6, pull, rounds=3, clean=forget_pulled),)
    return made


def _save(engine: Engine) -> float:
    begin = time.perf_counter()
    engine.api.drain("GET", f"/images/{LARGE}/get")
    return time.perf_counter() - begin


def _changed(engine: Engine) -> None:
    start(engine, "bench-commit", sleeper("commit"))


def _commit(engine: Engine) -> float:
    engine.cli("exec", "bench-commit", "dd", "if=/dev/urandom", "of=/tmp/changed", "bs=1M", f"count={CHANGED >> 20}")
    begin = time.perf_counter()
    identity = engine.api.call("POST", "/commit", {}, container="bench-commit")["Id"]
    spent = time.perf_counter() - begin
    engine.api.call("DELETE", f"/images/{identity}", force=1)
    return spent


def _committed(engine: Engine) -> None:
    remove(engine, "bench-commit")


def _import(engine: Engine) -> float:
    root = io.BytesIO()
    with tarfile.open(fileobj=root, mode="w") as tar:
        member = tarfile.TarInfo("file")
        member.size = CHANGED
        tar.addfile(member, io.BytesIO(os.urandom(1 << 20) * (CHANGED >> 20)))
    root.seek(0)
    begin = time.perf_counter()
    engine.api.drain("POST", "/images/create", root, fromSrc="-", repo="bench-imported")
    spent = time.perf_counter() - begin
    engine.api.call("DELETE", "/images/bench-imported")
    return spent


def _tags(engine: Engine) -> None:
    """Images that differ in their config alone."""
    identity = engine.api.call("POST", "/containers/create", sleeper("tags"), name="bench-tags")["Id"]
    for number in range(TAGS):
        config = {"Labels": {"number": str(number)}}
        engine.api.call("POST", "/commit", config, container=identity, repo=f"bench-tag-{number}", pause=0)
    remove(engine, identity)


def _no_tags(engine: Engine) -> None:
    for number in range(TAGS):
        engine.api.call("DELETE", f"/images/bench-tag-{number}", force=1)


def _list(engine: Engine) -> float:
    begin = time.perf_counter()
    assert len(engine.api.call("GET", "/images/json")) >= TAGS
    return time.perf_counter() - begin


@contextlib.contextmanager
def registry(archive: Path) -> Iterator[str]:
    """Debian's docker-registry on loopback with the large image, pushed by skopeo; "" where they are missing."""
    program = shutil.which("docker-registry")
    if not program or not shutil.which("skopeo"):
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder:
        address = f"127.0.0.1:{_free_port()}"
        config = Path(folder) / "config.yml"
        config.write_text(
            f"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {folder}/data\n"
            f"http:\n  addr: {address}\n"
        )
        process = subprocess.Popen([program, "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(address)
            subprocess.run(
                [
                    "skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
                    f"docker-archive:{archive}", f"docker://{address}/{LARGE}:latest",
                ],
                check=True,
            )  # fmt: skip
            yield address
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))):
            return
        time.sleep(0.05)
    raise SystemExit("benchmarks: the registry does not answer")
