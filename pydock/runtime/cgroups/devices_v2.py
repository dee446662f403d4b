"""Device rules as a BPF program, which takes the devices controller's place in version 2.

The kernel asks with (type, access bits, major, minor).  The program walks the rules from the last to the first and
strikes out the access bits that a rule allows: all struck out is yes; a rule that denies one still open is no, and so
is the end of the list.  That is what the v1 controller answers, bit by bit.
"""

import os
import struct
from collections.abc import Sequence

from pydock.linux import bpf
from pydock.runtime.spec import DeviceRule

_INSTRUCTION = struct.Struct("=BBhi")
_LOAD_WORD, _MOVE, _MOVE_IMMEDIATE = 0x61, 0xBF, 0xB7
_AND, _SHIFT_RIGHT = 0x57, 0x77
_JUMP_EQUAL, _JUMP_NOT_EQUAL, _EXIT = 0x15, 0x55, 0x95
_RESULT, _CONTEXT, _TYPE, _ACCESS, _MAJOR, _MINOR, _SCRATCH = range(7)
_TYPES = {"b": 1, "c": 2}
_ACCESS_BITS = {"m": 1, "r": 2, "w": 4}
_ALL = 7

_Instruction = tuple[int, int, int, int, int]


def compile_filter(rules: Sequence[DeviceRule]) -> bytes:
    """The program for `rules` as an array of struct bpf_insn."""
    program: list[_Instruction] = [
        (_LOAD_WORD, _TYPE, _CONTEXT, 0, 0),
        (_MOVE, _ACCESS, _TYPE, 0, 0),
        (_AND, _TYPE, 0, 0, 0xFFFF),
        (_SHIFT_RIGHT, _ACCESS, 0, 0, 16),
        (_LOAD_WORD, _MAJOR, _CONTEXT, 4, 0),
        (_LOAD_WORD, _MINOR, _CONTEXT, 8, 0),
    ]
    for rule in reversed(rules):
        program += _block(rule)
        if rule.get("type", "a") in ("a", "") and set(rule.get("access") or "rwm") == set("rwm"):
            break  # nothing before it counts, and the verifier refuses code that cannot be reached
    else:
        program += _answer(0)
    return b"".join(
        _INSTRUCTION.pack(code, target | source << 4, offset, value) for code, target, source, offset, value in program
    )


def install(directory: str, rules: Sequence[DeviceRule], open_directory: int) -> None:
    """Attach the filter for `rules` to the group whose directory is open as `open_directory`."""
    try:
        program = bpf.load_device_filter(compile_filter(rules))
        try:
            bpf.attach_device_filter(open_directory, program)
        finally:
            os.close(program)
    except OSError as error:
        raise OSError(error.errno, error.strerror, directory) from None


def _answer(value: int) -> list[_Instruction]:
    return [(_MOVE_IMMEDIATE, _RESULT, 0, 0, value), (_EXIT, 0, 0, 0, 0)]


def _block(rule: DeviceRule) -> list[_Instruction]:
    access = sum(_ACCESS_BITS[letter] for letter in set(rule.get("access") or "rwm"))
    kind = rule.get("type") or "a"
    everything = kind == "a" and access == _ALL
    if everything:
        return _answer(1 if rule["allow"] else 0)
    if rule["allow"]:
        verdict = [(_AND, _ACCESS, 0, 0, _ALL & ~access), (_JUMP_NOT_EQUAL, _ACCESS, 0, 2, 0), *_answer(1)]
    else:
        verdict = [
            (_MOVE, _SCRATCH, _ACCESS, 0, 0),
            (_AND, _SCRATCH, 0, 0, access),
            (_JUMP_EQUAL, _SCRATCH, 0, 2, 0),
            *_answer(0),
        ]
    tests: list[tuple[int, int]] = []
    if kind != "a":
        tests.append((_TYPE, _TYPES["c" if kind == "u" else kind]))
        for register, number in ((_MAJOR, rule.get("major")), (_MINOR, rule.get("minor"))):
            if number is not None and number >= 0:
                tests.append((register, number))
    checks = [
        (_JUMP_NOT_EQUAL, register, 0, len(tests) - index - 1 + len(verdict), value)
        for index, (register, value) in enumerate(tests)
    ]
    return checks + verdict
