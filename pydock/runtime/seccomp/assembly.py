"""Classic BPF as seccomp(2) takes it, and the envelope in which a compiled filter travels.

A filter is `MAGIC`, the flags for seccomp(2), then an array of struct sock_filter in this machine's byte order.
"""

import struct
from typing import NamedTuple

from pydock.errors import InvalidParameter
from pydock.linux import seccomp

LOAD, JUMP, JUMP_EQUAL, JUMP_GREATER, JUMP_GREATER_EQUAL, RETURN, AND = 0x20, 0x05, 0x15, 0x25, 0x35, 0x06, 0x54
#: offsets in struct seccomp_data
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
MAX_INSTRUCTIONS = 4096

_MAGIC = b"PSF1"
_HEADER = struct.Struct("=4sI")
_INSTRUCTION = struct.Struct("=HBBI")


class Instruction(NamedTuple):
    """One struct sock_filter: jumps count instructions from the next one on."""

    code: int
    true: int
    false: int
    value: int


def load(offset: int) -> Instruction:
    """Load a word of struct seccomp_data."""
    return Instruction(LOAD, 0, 0, offset)


def answer(action: int) -> Instruction:
    """End with `action`."""
    return Instruction(RETURN, 0, 0, action)


def either(code: int, value: int, yes: list[Instruction], no: list[Instruction]) -> list[Instruction]:
    """`yes` where the comparison with `value` holds, else `no`; both must end by an answer.

    A conditional jump reaches 255 instructions, an unconditional one as far as needed.
    """
    if len(no) <= 255:
        return [Instruction(code, len(no), 0, value), *no, *yes]
    return [Instruction(code, 0, 1, value), Instruction(JUMP, 0, 0, len(no)), *no, *yes]


def pack(program: list[Instruction], flags: int) -> bytes:
    """The filter in its envelope."""
    if len(program) > MAX_INSTRUCTIONS:
        raise InvalidParameter(
            f"the seccomp profile needs {len(program)} instructions, the kernel takes {MAX_INSTRUCTIONS}"
        )
    return _HEADER.pack(_MAGIC, flags) + b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)


def unpack(filter_: bytes) -> tuple[list[Instruction], int]:
    """The instructions and the flags of a filter."""
    flags = _flags(filter_)
    return [Instruction(*fields) for fields in _INSTRUCTION.iter_unpack(filter_[_HEADER.size :])], flags


def install(filter_: bytes) -> None:
    """Put the filter in force for this thread and whatever it becomes."""
    seccomp.set_mode_filter(filter_[_HEADER.size :], _flags(filter_))


def _flags(filter_: bytes) -> int:
    magic, flags = _HEADER.unpack_from(filter_) if len(filter_) > _HEADER.size else (b"", 0)
    if magic != _MAGIC:
        raise InvalidParameter("not a compiled seccomp filter")
    return int(flags)
