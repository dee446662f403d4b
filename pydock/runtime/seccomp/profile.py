"""Profiles: the file format, its checks, and which rules count on this machine for these capabilities."""

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from pydock import json_mistakes
from pydock.errors import InvalidParameter
from pydock.runtime.spec import SeccompCondition, SeccompProfile, SeccompRule

ACTIONS = {
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
_WITH_NUMBER = frozenset({"SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"})
_DEFAULT_ERRNO = 1
FLAGS = {"SECCOMP_FILTER_FLAG_TSYNC": 1, "SECCOMP_FILTER_FLAG_LOG": 2, "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 4}
OPERATORS = frozenset(
    f"SCMP_CMP_{name}" for name in ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")
)  # fmt: skip

#: what profiles call each machine of ours: (in archMap and architectures, in includes and excludes)
MACHINES = {"x86_64": ("SCMP_ARCH_X86_64", "amd64"), "aarch64": ("SCMP_ARCH_AARCH64", "arm64")}
_MAX_VALUE = 2**64 - 1
_UNREAD = "Decoding seccomp profile failed: "


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of argument ``index``; ``mask`` applies to MASKED_EQ."""

    index: int
    operator: str
    value: int
    mask: int = _MAX_VALUE


@dataclass(frozen=True, slots=True)
class Rule:
    """For the calls ``names``, where all ``conditions`` hold, ``action`` as the kernel takes it."""

    names: tuple[str, ...]
    action: int
    conditions: tuple[Condition, ...] = ()


def parse(text: str | bytes) -> SeccompProfile:
    """Read a profile file; whatever cannot be understood is refused, so that nothing starts under half a profile."""
    try:
        profile = json.loads(text)
    except ValueError as error:
        mistake = json_mistakes.explain_file(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
        raise InvalidParameter(f"{_UNREAD}{mistake or 'it is not UTF-8'}") from error
    except RecursionError as error:
        raise InvalidParameter(f"{_UNREAD}exceeded max depth") from error
    if not isinstance(profile, dict):
        raise InvalidParameter(f"{_UNREAD}not an object")
    checked = cast(SeccompProfile, profile)
    action_of(checked.get("defaultAction", ""), checked.get("defaultErrnoRet"))
    flags_of(checked)
    for rule in _list(checked.get("syscalls"), "syscalls"):
        _rule(cast(SeccompRule, rule))
    architectures_of(checked, os.uname().machine)
    return checked


@cache
def default_profile() -> SeccompProfile:
    """Docker's default profile."""
    return parse(files("pydock.runtime.seccomp").joinpath("default.json").read_bytes())


def action_of(name: object, number: object = None) -> int:
    """The kernel's value of an action, with its errno where it has one."""
    if not isinstance(name, str) or name not in ACTIONS:
        raise InvalidParameter(f"invalid seccomp profile: unknown action {name!r}")
    if name not in _WITH_NUMBER:
        if number:
            raise InvalidParameter(f"invalid seccomp profile: {name} takes no errnoRet")
        return ACTIONS[name]
    if number is None:
        return ACTIONS[name] | _DEFAULT_ERRNO
    if not _is_number(number) or not 0 <= cast(int, number) <= 0xFFFF:
        raise InvalidParameter(f"invalid seccomp profile: bad errnoRet {number!r}")
    return ACTIONS[name] | cast(int, number)


def flags_of(profile: SeccompProfile) -> int:
    """The flags for seccomp(2)."""
    bits = 0
    for flag in _list(profile.get("flags"), "flags"):
        if flag not in FLAGS:
            raise InvalidParameter(f"invalid seccomp profile: unknown flag {flag!r}")
        bits |= FLAGS[flag]
    return bits & ~FLAGS["SECCOMP_FILTER_FLAG_TSYNC"]


def architectures_of(profile: SeccompProfile, machine: str) -> list[str]:
    """The SCMP_ARCH names that the filter must know; the machine's own is always one of them."""
    native = MACHINES.get(machine, ("", ""))[0]
    listed, mapped = profile.get("architectures"), profile.get("archMap")
    if listed and mapped:
        raise InvalidParameter(
            "both 'architectures' and 'archMap' are specified in the seccomp profile, use either one"
        )
    if mapped:
        for entry in _list(mapped, "archMap"):
            if isinstance(entry, dict) and entry.get("architecture") == native:
                return [native, *_list(entry.get("subArchitectures"), "subArchitectures")]
        return [native]
    return [native, *(name for name in _list(listed, "architectures") if name != native)]


def rules_for(
    profile: SeccompProfile, capabilities: Collection[str], machine: str, kernel: tuple[int, int]
) -> Iterator[Rule]:
    """Those rules whose includes hold and whose excludes don't."""
    architecture = MACHINES.get(machine, ("", machine))[1]
    for raw in profile.get("syscalls") or []:
        includes, excludes = raw.get("includes") or {}, raw.get("excludes") or {}
        if not _included(includes, capabilities, architecture, kernel):
            continue
        if _excluded(excludes, capabilities, architecture, kernel):
            continue
        yield _rule(raw)


def _included(
    condition: SeccompCondition, capabilities: Collection[str], machine: str, kernel: tuple[int, int]
) -> bool:
    arches, minimum = condition.get("arches"), condition.get("minKernel")
    if arches and machine not in arches:
        return False
    if minimum and kernel < _version(minimum):
        return False
    return all(name in capabilities for name in condition.get("caps") or [])


def _excluded(
    condition: SeccompCondition, capabilities: Collection[str], machine: str, kernel: tuple[int, int]
) -> bool:
    arches, minimum = condition.get("arches"), condition.get("minKernel")
    if arches and machine in arches:
        return True
    if minimum and kernel >= _version(minimum):
        return True
    return any(name in capabilities for name in condition.get("caps") or [])


def _rule(raw: SeccompRule) -> Rule:
    if not isinstance(raw, dict):
        raise InvalidParameter("invalid seccomp profile: a rule must be an object")
    names, name = raw.get("names"), raw.get("name")
    if names and name:
        raise InvalidParameter("'name' and 'names' are both specified in the seccomp profile, use either one")
    wanted = _list(names, "names") or ([name] if name else [])
    if not all(isinstance(one, str) for one in wanted):
        raise InvalidParameter("invalid seccomp profile: names must be text")
    for condition in (raw.get("includes") or {}, raw.get("excludes") or {}):
        if not isinstance(condition, dict):
            raise InvalidParameter("invalid seccomp profile: includes and excludes must be objects")
        if minimum := condition.get("minKernel"):
            _version(minimum)
    conditions = tuple(_condition(argument) for argument in _list(raw.get("args"), "args"))
    return Rule(tuple(wanted), action_of(raw.get("action"), raw.get("errnoRet")), conditions)


def _condition(argument: Any) -> Condition:
    if not isinstance(argument, dict):
        raise InvalidParameter("invalid seccomp profile: an argument must be an object")
    index, operator = argument.get("index"), argument.get("op")
    value, second = argument.get("value", 0), argument.get("valueTwo", 0) or 0
    if not _is_number(index) or not 0 <= cast(int, index) <= 5:
        raise InvalidParameter(f"invalid seccomp profile: bad argument index {index!r}")
    if operator not in OPERATORS:
        raise InvalidParameter(f"invalid seccomp profile: unknown operator {operator!r}")
    for number in (value, second):
        if not _is_number(number) or not 0 <= number <= _MAX_VALUE:
            raise InvalidParameter(f"invalid seccomp profile: bad argument value {number!r}")
    if operator == "SCMP_CMP_MASKED_EQ":
        return Condition(cast(int, index), operator, second, mask=value)
    return Condition(cast(int, index), cast(str, operator), value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _list(value: object, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidParameter(f"invalid seccomp profile: {name} must be a list")
    return value


def _version(text: object) -> tuple[int, int]:
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidParameter(f"invalid seccomp profile: bad minKernel {text!r}")
    return int(parts[0]), int(parts[1])
