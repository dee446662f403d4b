"""From rules to BPF: one section for each ABI, a binary search over call numbers in each, conditions at the leaves.

Where several rules name one call, those with conditions are tried in the profile's order and the first one without
decides in the end.  Numbers beyond what the profile knows get ENOSYS instead of the profile's errno, so that a C
library falls back on older calls (what runc does).
"""

import errno
import json
import os
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files

from pydock.errors import InvalidParameter, Unsupported
from pydock.runtime.seccomp import assembly as asm
from pydock.runtime.seccomp.assembly import Instruction
from pydock.runtime.seccomp.profile import ACTIONS, Condition, Rule, action_of, architectures_of, flags_of, rules_for
from pydock.runtime.spec import SeccompProfile

#: each ABI: (its table, AUDIT_ARCH, what is added to its numbers)
_X32_BIT = 0x40000000
_ABIS = {
    "SCMP_ARCH_X86_64": ("x86_64", 0xC000003E, 0),
    "SCMP_ARCH_X86": ("x86", 0x40000003, 0),
    "SCMP_ARCH_X32": ("x32", 0xC000003E, _X32_BIT),
    "SCMP_ARCH_AARCH64": ("aarch64", 0xC00000B7, 0),
    "SCMP_ARCH_ARM": ("arm", 0x40000028, 0),
}
_KILL = ACTIONS["SCMP_ACT_KILL_THREAD"]
_NOT_IMPLEMENTED = ACTIONS["SCMP_ACT_ERRNO"] | errno.ENOSYS
#: defaults that let a call through, or tell somebody of it, need no ENOSYS
_LENIENT = {ACTIONS[name] for name in ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE")}
#: arguments that the kernel takes as int: what stands in the upper half must not decide, or socket(2**32 + AF_VSOCK)
#: would pass a rule that compares all 64 bits
_NARROW = frozenset({("socket", 0), ("socket", 1), ("socket", 2), ("personality", 0)})
_LAST = 0xFFFFFFFF
#: arm's own calls stand far above the others
_PRIVATE_ARM = 0x0F0000

_Decision = tuple[tuple[tuple[Condition, ...], int], ...]


def compile(
    profile: SeccompProfile,
    capabilities: Collection[str],
    *,
    machine: str | None = None,
    kernel: tuple[int, int] | None = None,
) -> bytes:
    """The filter for a process with the bounding set `capabilities`; ``machine`` and ``kernel`` are this one's."""
    machine = machine or os.uname().machine
    if machine not in ("x86_64", "aarch64"):
        raise Unsupported(f"seccomp is not supported on {machine}")
    rules = list(rules_for(profile, capabilities, machine, kernel or running_kernel()))
    default = action_of(profile.get("defaultAction"), profile.get("defaultErrnoRet"))
    names = list(dict.fromkeys(architectures_of(profile, machine)))
    unknown = [name for name in names if name not in _ABIS and not _is_foreign(name)]
    if unknown:
        raise InvalidParameter(f"invalid seccomp profile: unknown architecture {unknown[0]!r}")
    sections: dict[int, dict[str, list[Instruction]]] = {}
    for name in names:
        if name in _ABIS:
            table, audit, base = _ABIS[name]
            sections.setdefault(audit, {})[table] = _section(rules, table, base, default)
    return asm.pack(_dispatch(sections), flags_of(profile))


def running_kernel() -> tuple[int, int]:
    """The version of the running kernel, as profiles compare it."""
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(character for character in minor if character.isdigit()) or 0)


@cache
def tables() -> dict[str, dict[str, int]]:
    """Call numbers by name for each ABI."""
    loaded: dict[str, dict[str, int]] = json.loads(
        files("pydock.runtime.seccomp").joinpath("syscalls.json").read_bytes()
    )
    return loaded


def _is_foreign(name: object) -> bool:
    return isinstance(name, str) and name.removeprefix("SCMP_ARCH_") in (
        "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X",
        "PARISC", "PARISC64", "RISCV64", "LOONGARCH64", "M68K", "SH", "SHEB",
    )  # fmt: skip


def _dispatch(sections: dict[int, dict[str, list[Instruction]]]) -> list[Instruction]:
    """By the architecture word first; on x86_64 a bit of the number tells x32."""
    program = [asm.answer(_KILL)]
    for audit, tables_ in sections.items():
        if "x86_64" in tables_:
            x32 = tables_.get("x32", [asm.answer(_KILL)])
            body = [asm.load(asm.NUMBER), *asm.either(asm.JUMP_GREATER_EQUAL, _X32_BIT, x32, tables_["x86_64"])]
        else:
            body = [asm.load(asm.NUMBER), *next(iter(tables_.values()))]
        program = asm.either(asm.JUMP_EQUAL, audit, body, program)
    return [asm.load(asm.ARCHITECTURE), *program]


def _section(rules: list[Rule], table: str, base: int, default: int) -> list[Instruction]:
    """The search for one ABI; the call's number is loaded already."""
    decisions = _decisions(rules, tables()[table], default)
    known = [number for number in decisions if number < _PRIVATE_ARM]
    beyond = max(known, default=-1) + 1
    newer = default if default in _LENIENT or not known else _NOT_IMPLEMENTED
    segments: list[tuple[int, _Decision]] = []

    def add(first: int, decision: _Decision) -> None:
        if not segments or segments[-1][1] != decision:
            segments.append((first, decision))

    add(0, (((), default),))
    for number in sorted(decisions):
        if number >= beyond:
            break
        if number > 0 and number - 1 not in decisions:
            previous = max((other for other in decisions if other < number), default=-1)
            add(previous + 1 + base if previous >= 0 else 0, (((), default),))
        add(number + base, decisions[number])
    add(beyond + base, (((), newer),))
    for number in sorted(other for other in decisions if other >= _PRIVATE_ARM):
        add(number + base, decisions[number])
        if number + 1 not in decisions:
            add(number + 1 + base, (((), newer),))
    return _search(segments)


def _decisions(rules: list[Rule], numbers: dict[str, int], default: int) -> dict[int, _Decision]:
    conditional: dict[int, list[tuple[tuple[Condition, ...], int]]] = {}
    final: dict[int, int] = {}
    for rule in rules:
        for name in rule.names:
            number = numbers.get(name)
            if number is None:
                continue
            if rule.conditions:
                conditions = tuple(_narrowed(name, condition) for condition in rule.conditions)
                conditional.setdefault(number, []).append((conditions, rule.action))
            else:
                final.setdefault(number, rule.action)
    return {
        number: (*conditional.get(number, ()), ((), final.get(number, default))) for number in {*conditional, *final}
    }


def _narrowed(name: str, condition: Condition) -> Condition:
    if (name, condition.index) not in _NARROW:
        return condition
    return Condition(condition.index, condition.operator, condition.value, condition.mask & 0xFFFFFFFF)


def _search(segments: list[tuple[int, _Decision]]) -> list[Instruction]:
    if len(segments) == 1:
        return _leaf(segments[0][1])
    middle = len(segments) // 2
    return asm.either(
        asm.JUMP_GREATER_EQUAL, segments[middle][0], _search(segments[middle:]), _search(segments[:middle])
    )


def _leaf(decision: _Decision) -> list[Instruction]:
    """The conditions in order, each a chain of tests that falls through to the next where it does not hold."""
    *conditional, (_, last) = decision
    program = [asm.answer(last)]
    for conditions, action in reversed(conditional):
        program = [*_tests(conditions, action), *program]
    return program


def _tests(conditions: Iterable[Condition], action: int) -> list[Instruction]:
    """Answer `action` where all `conditions` hold; else go on behind the end."""
    program = [asm.answer(action)]
    for condition in reversed(list(conditions)):
        program = [*_test(condition, len(program)), *program]
    return program


def _test(condition: Condition, length: int) -> list[Instruction]:
    """Compare an argument's 64 bits, half by half; on yes fall through into `length` instructions, on no skip them."""
    low, high = condition.value & _LAST, condition.value >> 32
    low_mask, high_mask = condition.mask & _LAST, condition.mask >> 32
    where = asm.ARGUMENTS + 8 * condition.index
    wide = high_mask != 0
    kind = condition.operator.removeprefix("SCMP_CMP_")
    lower: list[Instruction] = [asm.load(where)]
    if low_mask != _LAST:
        lower.append(Instruction(asm.AND, 0, 0, low_mask))
        low &= low_mask
    # (code, holds): the lower halves satisfy the operator where the comparison's outcome is `holds`
    code, holds = {
        "EQ": (asm.JUMP_EQUAL, True),
        "MASKED_EQ": (asm.JUMP_EQUAL, True),
        "NE": (asm.JUMP_EQUAL, False),
        "GT": (asm.JUMP_GREATER, True),
        "LE": (asm.JUMP_GREATER, False),
        "GE": (asm.JUMP_GREATER_EQUAL, True),
        "LT": (asm.JUMP_GREATER_EQUAL, False),
    }[kind]
    lower.append(Instruction(code, 0, length, low) if holds else Instruction(code, length, 0, low))
    if not wide:
        return lower
    upper: list[Instruction] = [asm.load(where + 4)]
    if high_mask != _LAST:
        upper.append(Instruction(asm.AND, 0, 0, high_mask))
        high &= high_mask
    rest = len(lower)
    no = rest + length
    if kind in ("EQ", "MASKED_EQ"):
        upper.append(Instruction(asm.JUMP_EQUAL, 0, no, high))
    elif kind == "NE":
        upper.append(Instruction(asm.JUMP_EQUAL, 0, rest, high))
    elif kind in ("GT", "GE"):
        upper += [Instruction(asm.JUMP_GREATER, rest + 1, 0, high), Instruction(asm.JUMP_EQUAL, 0, no, high)]
    else:
        upper += [Instruction(asm.JUMP_GREATER, no + 1, 0, high), Instruction(asm.JUMP_EQUAL, 0, rest, high)]
    return upper + lower
