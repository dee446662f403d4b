"""What the cases run: a small image of busybox, and one of many layers, as archives that every engine loads."""

import hashlib
import io
import json
import random
import shutil
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

SMALL, LARGE = "bench-small", "bench-large"
APPLETS = (
    "sh", "true", "cat", "sleep", "dd", "nc", "head", "yes", "ls", "echo", "wc", "touch", "rm", "mkdir", "grep",
)  # fmt: skip
LAYERS, FILES, BYTES = 8, 1000, 50_000


def small(path: Path) -> None:
    """An image with a static busybox under the names that the cases use."""
    program = shutil.which("busybox")
    if not program:
        raise SystemExit("benchmarks: busybox-static is needed")
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in ("bin", "tmp", "etc"):
            tar.addfile(_member(name, tarfile.DIRTYPE, 0o755))
        data = Path(program).read_bytes()
        tar.addfile(_member("bin/busybox", tarfile.REGTYPE, 0o755, len(data)), io.BytesIO(data))
        for applet in APPLETS:
            link = _member(f"bin/{applet}", tarfile.SYMTYPE, 0o777)
            link.linkname = "busybox"
            tar.addfile(link)
    _archive(path, SMALL, [layer.getvalue()])


def large(path: Path) -> None:
    """An image of 8 layers, 8,000 files, 400 MB; half of each file compresses well."""
    _archive(path, LARGE, (_layer(number) for number in range(LAYERS)))


def _layer(number: int) -> bytes:
    source = random.Random(number)
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(_member(f"layer{number}", tarfile.DIRTYPE, 0o755))
        for file in range(FILES):
            data = source.randbytes(BYTES // 2) + b"pydock\n" * (BYTES // 14)
            name = f"layer{number}/directory{file % 40}/file{file}"
            if file < 40:
                tar.addfile(_member(f"layer{number}/directory{file}", tarfile.DIRTYPE, 0o755))
            tar.addfile(_member(name, tarfile.REGTYPE, 0o644, len(data)), io.BytesIO(data))
    return layer.getvalue()


def _member(name: str, kind: bytes, mode: int, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size, member.mtime = kind, mode, size, 1_700_000_000
    return member


def _archive(path: Path, name: str, layers: Iterable[bytes]) -> None:
    """Write a ``docker save`` archive."""
    with tarfile.open(path, "w") as tar:
        names, digests = [], []
        for number, layer in enumerate(layers):
            names.append(f"{number}/layer.tar")
            digests.append(f"sha256:{hashlib.sha256(layer).hexdigest()}")
            _add(tar, names[-1], layer)
        config = _config(digests)
        identity = hashlib.sha256(config).hexdigest()
        _add(tar, f"{identity}.json", config)
        manifest = [{"Config": f"{identity}.json", "RepoTags": [f"{name}:latest"], "Layers": names}]
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _config(digests: Sequence[str]) -> bytes:
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": digests},
            "history": [{"created_by": "benchmark"} for _ in digests],
        }
    ).encode()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_member(name, tarfile.REGTYPE, 0o644, len(data)), io.BytesIO(data))
