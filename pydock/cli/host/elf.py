"""What an ELF file asks for: its loader, libraries and where to look for them (elf(5)).  Called by `closure`."""

import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 0, 1, 5, 15, 29


class Elf:
    """The parts of an ELF file that a loader reads."""

    __slots__ = ("interpreter", "kind", "needed", "rpath", "runpath")

    def __init__(self, kind: tuple[int, int]) -> None:
        #: class (32 or 64 bits) and machine: only libraries of the same kind fit
        self.kind = kind
        self.interpreter = ""
        self.needed: list[str] = []
        self.rpath: list[str] = []
        self.runpath: list[str] = []


def parse(data: bytes) -> Elf | None:
    """What `data` asks for; None where it is no ELF file, or a broken one."""
    if data[:4] != b"\x7fELF" or len(data) < 64 or data[4] not in (1, 2) or data[5] not in (1, 2):
        return None
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    machine = struct.unpack_from(f"{order}H", data, 18)[0]
    found = Elf((data[4], machine))
    try:
        _read(data, found, wide, order)
    except (struct.error, ValueError, OverflowError):
        return None
    return found


def _segments(data: bytes, wide: bool, order: str) -> list[tuple[int, int, int, int]]:
    """Type, offset, address and size in the file of each program header."""
    if wide:
        (start,) = struct.unpack_from(f"{order}Q", data, 32)
        size, count = struct.unpack_from(f"{order}HH", data, 54)
    else:
        (start,) = struct.unpack_from(f"{order}I", data, 28)
        size, count = struct.unpack_from(f"{order}HH", data, 42)
    found = []
    for number in range(count):
        at = start + number * size
        if wide:
            kind, _, offset, address, _, length = struct.unpack_from(f"{order}IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from(f"{order}IIIII", data, at)
        found.append((kind, offset, address, length))
    return found


def _read(data: bytes, found: Elf, wide: bool, order: str) -> None:
    segments = _segments(data, wide, order)
    dynamic = b""
    for kind, offset, _, size in segments:
        if kind == PT_INTERP:
            found.interpreter = _text(data, offset)
        elif kind == PT_DYNAMIC:
            dynamic = data[offset : offset + size]
    entries: list[tuple[int, int]] = []
    step = 16 if wide else 8
    for at in range(0, len(dynamic) - step + 1, step):
        tag, value = struct.unpack_from(f"{order}qQ" if wide else f"{order}iI", dynamic, at)
        if tag == DT_NULL:
            break
        entries.append((tag, value))
    table = next((value for tag, value in entries if tag == DT_STRTAB), None)
    if table is None:
        return
    strings = _offset(segments, table)
    for tag, value in entries:
        if tag == DT_NEEDED:
            found.needed.append(_text(data, strings + value))
        elif tag in (DT_RPATH, DT_RUNPATH):
            paths = [path for path in _text(data, strings + value).split(":") if path]
            if tag == DT_RPATH:
                found.rpath = paths
            else:
                found.runpath = paths


def _offset(segments: list[tuple[int, int, int, int]], address: int) -> int:
    for kind, offset, start, size in segments:
        if kind == PT_LOAD and start <= address < start + size:
            return address - start + offset
    raise ValueError("no segment holds the address")


def _text(data: bytes, start: int) -> str:
    end = data.index(b"\0", start)
    return data[start:end].decode("utf-8", "surrogateescape")
