"""The seccomp compiler, checked by running its programs over every call number and many arguments."""

import errno
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydock.errors import InvalidParameter
from pydock.runtime import capabilities, seccomp
from pydock.runtime.seccomp import assembly as asm
from pydock.runtime.seccomp.compiler import tables

X86_64, X86, AARCH64, ARM, FOREIGN = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028, 0x8
X32 = 0x40000000
ALLOW, KILL, LOG = 0x7FFF0000, 0, 0x7FFC0000
ERRNO = 0x00050000
WORD = 0xFFFFFFFF


def decide(filter_: bytes, arch: int, number: int, arguments: Sequence[int] = ()) -> int:
    """What the kernel's BPF machine would answer."""
    program, _ = asm.unpack(filter_)
    data = {0: number & WORD, 4: arch}
    for index, argument in enumerate([*arguments, *[0] * (6 - len(arguments))]):
        data[16 + 8 * index], data[20 + 8 * index] = argument & WORD, argument >> 32 & WORD
    accumulator = position = 0
    while True:
        code, true, false, value = program[position]
        position += 1
        if code == asm.LOAD:
            accumulator = data[value]
        elif code == asm.AND:
            accumulator &= value
        elif code == asm.JUMP:
            position += value
        elif code == asm.RETURN:
            return value
        else:
            holds = {
                asm.JUMP_EQUAL: accumulator == value,
                asm.JUMP_GREATER: accumulator > value,
                asm.JUMP_GREATER_EQUAL: accumulator >= value,
            }[code]
            position += true if holds else false


def build(profile: dict[str, Any], names: Sequence[str] = (), machine: str = "x86_64") -> bytes:
    return seccomp.compile(seccomp.parse(json.dumps(profile)), names, machine=machine, kernel=(6, 1))


def default(names: Sequence[str] = capabilities.DEFAULT, machine: str = "x86_64") -> bytes:
    return seccomp.compile(seccomp.default_profile(), names, machine=machine, kernel=(6, 1))


@pytest.mark.parametrize(
    ("machine", "table", "arch", "base"),
    [
        ("x86_64", "x86_64", X86_64, 0),
        ("x86_64", "x86", X86, 0),
        ("x86_64", "x32", X86_64, X32),
        ("aarch64", "aarch64", AARCH64, 0),
        ("aarch64", "arm", ARM, 0),
    ],
)
def test_every_number_of_every_abi_gets_what_the_profile_says(machine: str, table: str, arch: int, base: int) -> None:
    filter_ = default(machine=machine)
    unconditional: set[str] = set()
    conditional: set[str] = set()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[machine]
    for rule in seccomp.default_profile()["syscalls"] or []:
        includes = rule.get("includes") or {}
        if includes.get("caps") and not set(includes["caps"]) <= set(capabilities.DEFAULT):
            continue
        if includes.get("arches") and architecture not in includes["arches"]:
            continue
        if rule.get("args") or rule["action"] != "SCMP_ACT_ALLOW":
            conditional |= set(rule["names"])
        else:
            unconditional |= set(rule["names"])
    numbers = tables()[table]
    by_number = {number: name for name, number in numbers.items()}
    highest = max(numbers[name] for name in unconditional | conditional if numbers.get(name, 1 << 20) < 1 << 16)
    for number in range(max(numbers.values()) + 100 if table != "arm" else 600):
        name = by_number.get(number, "")
        answer = decide(filter_, arch, number + base)
        if name in unconditional:
            assert answer == ALLOW, name
        elif name not in conditional:
            assert answer == (ERRNO | errno.EPERM if number <= highest else ERRNO | errno.ENOSYS), (number, name)


def test_another_architecture_is_killed() -> None:
    assert decide(default(), FOREIGN, 0) == KILL


def test_a_profile_for_one_abi_kills_the_others() -> None:
    filter_ = build({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]})
    assert decide(filter_, X86_64, 0) == ALLOW
    assert decide(filter_, X86, 0) == KILL
    assert decide(filter_, X86_64, X32) == KILL


def test_clone_is_allowed_without_namespaces_only() -> None:
    filter_ = default()
    clone = tables()["x86_64"]["clone"]
    assert decide(filter_, X86_64, clone, [0x11]) == ALLOW
    assert decide(filter_, X86_64, clone, [0x10000000]) == ERRNO | errno.EPERM
    assert decide(default([*capabilities.DEFAULT, "CAP_SYS_ADMIN"]), X86_64, clone, [0x10000000]) == ALLOW
    assert decide(filter_, X86_64, 435) == ERRNO | errno.ENOSYS


@pytest.mark.parametrize(("arch", "base", "table"), [(X86_64, 0, "x86_64"), (X86, 0, "x86"), (X86_64, X32, "x32")])
def test_vsock_is_refused_whatever_the_upper_half_of_the_argument_holds(arch: int, base: int, table: str) -> None:
    filter_ = default()
    number = tables()[table]["socket"] + base
    for family, allowed in ((2, True), (16, True), (39, True), (38, False), (40, False), (41, True)):
        for noise in (0, 1 << 32, 0xFFFFFFFF << 32):
            answer = decide(filter_, arch, number, [family | noise])
            assert (answer == ALLOW) is allowed, (family, noise)


def test_personality_values_are_exact() -> None:
    number = tables()["x86_64"]["personality"]
    for value, allowed in ((0, True), (8, True), (0x20000, True), (0x20008, True), (WORD, True), (1, False)):
        assert (decide(default(), X86_64, number, [value]) == ALLOW) is allowed


def test_capabilities_and_kernel_versions_choose_the_rules() -> None:
    number = tables()["x86_64"]
    assert decide(default(), X86_64, number["bpf"]) == ERRNO | errno.EPERM
    assert decide(default(["CAP_BPF"]), X86_64, number["bpf"]) == ALLOW
    assert decide(default(), X86_64, number["ptrace"]) == ALLOW
    old = seccomp.compile(seccomp.default_profile(), (), machine="x86_64", kernel=(4, 4))
    assert decide(old, X86_64, number["ptrace"]) == ERRNO | errno.EPERM


OPERATIONS = {
    "SCMP_CMP_NE": lambda argument, value: argument != value,
    "SCMP_CMP_LT": lambda argument, value: argument < value,
    "SCMP_CMP_LE": lambda argument, value: argument <= value,
    "SCMP_CMP_EQ": lambda argument, value: argument == value,
    "SCMP_CMP_GE": lambda argument, value: argument >= value,
    "SCMP_CMP_GT": lambda argument, value: argument > value,
}
EDGES = st.sampled_from([0, 1, 2, WORD - 1, WORD, WORD + 1, WORD + 2, 1 << 63, (1 << 64) - 1]) | st.integers(
    0, (1 << 64) - 1
)


@given(operator=st.sampled_from(sorted(OPERATIONS)), argument=EDGES, value=EDGES, index=st.integers(0, 5))
def test_comparisons_hold_for_64_bits(operator: str, argument: int, value: int, index: int) -> None:
    condition = {"index": index, "value": value, "op": operator}
    rule = {"names": ["read"], "action": "SCMP_ACT_LOG", "args": [condition]}
    filter_ = build({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
    arguments = [0] * 6
    arguments[index] = argument
    assert (decide(filter_, X86_64, 0, arguments) == LOG) is OPERATIONS[operator](argument, value)


@given(argument=EDGES, mask=EDGES, value=EDGES)
def test_masked_comparison_holds_for_64_bits(argument: int, mask: int, value: int) -> None:
    condition = {"index": 0, "value": mask, "valueTwo": value & mask, "op": "SCMP_CMP_MASKED_EQ"}
    rule = {"names": ["read"], "action": "SCMP_ACT_LOG", "args": [condition]}
    filter_ = build({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
    assert (decide(filter_, X86_64, 0, [argument]) == LOG) is (argument & mask == value & mask)


def test_all_conditions_of_a_rule_must_hold_and_rules_are_tried_in_order() -> None:
    first = {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}
    second = {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}
    filter_ = build(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": 7,
            "syscalls": [
                {"names": ["write"], "action": "SCMP_ACT_LOG", "args": [first, second]},
                {"names": ["write"], "action": "SCMP_ACT_KILL_PROCESS", "args": [first]},
                {"names": ["write", "open", "mseal", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
            ],
        }
    )
    assert decide(filter_, X86_64, 1, [1, 2]) == LOG
    assert decide(filter_, X86_64, 1, [1, 3]) == 0x80000000
    assert decide(filter_, X86_64, 1, [0, 2]) == ALLOW
    assert decide(filter_, X86_64, 0) == ERRNO | 7


def _with_rule(rule: str) -> str:
    return '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{' + rule + "}]}"


@pytest.mark.parametrize(
    "profile",
    [
        "",
        "[]",
        "{}",
        '{"defaultAction": "SCMP_ACT_NOTHING"}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 3}',
        '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 70000}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["NOPE"]}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": {}}',
        '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{"architecture": "x"}]}',
        _with_rule('"names": ["read"], "name": "read", "action": "SCMP_ACT_LOG"'),
        _with_rule('"names": ["read"], "action": "SCMP_ACT_NOTIFY"'),
        _with_rule('"names": [1], "action": "SCMP_ACT_LOG"'),
        _with_rule('"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "op": "SCMP_CMP_EQ"}]'),
        _with_rule('"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "op": "=="}]'),
        _with_rule(
            '"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]'
        ),
        _with_rule('"names": ["read"], "action": "SCMP_ACT_LOG", "includes": {"minKernel": "four"}'),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_understood_is_refused(profile: str) -> None:
    with pytest.raises(InvalidParameter):
        seccomp.parse(profile)


def test_an_unknown_architecture_is_refused_and_a_foreign_one_passed_over() -> None:
    with pytest.raises(InvalidParameter):
        build({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]})
    build({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_S390X"]})


def test_flags_travel_with_the_filter() -> None:
    filter_ = build({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"]})
    assert asm.unpack(filter_)[1] == 2
    with pytest.raises(InvalidParameter):
        asm.unpack(b"\x06\0\0\0\0\0\xff\x7f" * 2)


def test_a_filter_of_hundreds_of_scattered_rules_still_fits_its_jumps() -> None:
    rules = [
        {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": number % 90 + 1}
        for name, number in tables()["x86_64"].items()
    ]
    filter_ = build({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})
    for number in tables()["x86_64"].values():
        assert decide(filter_, X86_64, number) == ERRNO | number % 90 + 1
