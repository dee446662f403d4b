"""Instructions that change an image's config and nothing else: what commit and import take as ``--change``.

Called by the daemon's image service.  Words of errors are Docker's.
"""

import json
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydock.builder import words
from pydock.builder.lines import Instruction, instructions, one
from pydock.daemon.containers import signals
from pydock.errors import InvalidParameter

Config = dict[str, Any]

_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_HEALTH_FLAGS: Final = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
    "retries": "Retries",
}
_SHELL: Final = ("/bin/sh", "-c")


def apply(config: Mapping[str, Any], changes: Sequence[str]) -> Config:
    """Return `config` (the ``Config`` of a container or image) changed by instructions; InvalidParameter: no such."""
    changed = json.loads(json.dumps(dict(config)))
    command_set = False
    room = words.Room()
    found = list(instructions("\n".join(changes)))
    if changes and not found:
        raise InvalidParameter("file with no instructions")
    for instruction in found:
        if instruction.keyword.lower() not in _APPLIERS:
            raise InvalidParameter(f"{instruction.keyword} is not a valid change command")
    for instruction in found:
        keyword = instruction.keyword.lower()
        if keyword == "entrypoint" and not command_set:
            changed["Cmd"] = None
        _APPLIERS[keyword](changed, instruction, room)
        _flags(instruction, _HEALTH_FLAGS if keyword == "healthcheck" else {})
        command_set = command_set or (keyword == "cmd" and bool(instruction.rest))
    result: Config = changed
    return result


def _flags(instruction: Instruction, known: Mapping[str, str]) -> dict[str, str]:
    """The flags with their values; each has to be known, to have a value and to come once."""
    found: dict[str, str] = {}
    for flag, value in instruction.flags:
        if flag not in known:
            raise InvalidParameter(f"unknown flag: --{flag}")
        if flag in found:
            raise InvalidParameter(f"duplicate flag specified: --{flag}")
        if value is None:
            raise InvalidParameter(f"missing a value on flag: --{flag}")
        found[flag] = value
    return found


def _cmd(config: Config, instruction: Instruction, room: words.Room) -> None:
    # in shell form an empty command is one too
    config["Cmd"] = _command(config, instruction.rest) or ([] if instruction.rest else _in_shell(config))


def _entrypoint(config: Config, instruction: Instruction, room: words.Room) -> None:
    config["Entrypoint"] = _command(config, instruction.rest)


def _command(config: Config, rest: str) -> list[str] | None:
    """A command in exec form (a JSON list) or in shell form."""
    listed = _json_list(rest)
    if listed is not None:
        return listed or None
    return _in_shell(config, rest) if rest else None


def _in_shell(config: Config, *command: str) -> list[str]:
    return [*(config.get("Shell") or _SHELL), *command]


def _env(config: Config, instruction: Instruction, room: words.Room) -> None:
    pairs = _pairs("ENV", instruction.rest)
    variables = _variables(config)
    env = list(config.get("Env") or ())
    places = {entry.partition("=")[0]: place for place, entry in reversed(list(enumerate(env)))}
    for name, text in pairs:
        key, value = words.expand(name, variables, room), words.expand(text, variables, room)
        entry = f"{key}={value}"
        place = places.get(key, len(env))
        env[place : place + 1] = [entry]
        places.setdefault(entry.partition("=")[0], place)
    config["Env"] = env


def _label(config: Config, instruction: Instruction, room: words.Room) -> None:
    pairs = _pairs("LABEL", instruction.rest)
    variables = _variables(config)
    labels = dict(config.get("Labels") or {})
    labels.update((words.expand(name, variables, room), words.expand(text, variables, room)) for name, text in pairs)
    config["Labels"] = labels


def _expose(config: Config, instruction: Instruction, room: words.Room) -> None:
    if not instruction.rest:
        raise InvalidParameter("EXPOSE requires at least one argument")
    variables = _variables(config)
    ports = dict(config.get("ExposedPorts") or {})
    for text in instruction.rest.split():
        for word in words.expand_words(text, variables, room):
            ports.update({key: {} for key in _ports(word)})
    config["ExposedPorts"] = ports


def _ports(text: str) -> list[str]:
    """``80``, ``90-92/udp``; an address and a host's port before it are read, and mean nothing here."""
    numbers, _, protocol = text.rpartition(":")[2].partition("/")
    protocol = protocol.lower() or "tcp"
    if not numbers:
        raise InvalidParameter(f"No port specified: {text}<empty>")
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidParameter(f"Invalid proto: {protocol}")
    first, dash, last = numbers.partition("-")
    bounds = [
        int(part) if part.isascii() and part.isdigit() and len(part) < 6 else -1 for part in (first, last or first)
    ]
    if min(bounds) < 0 or max(bounds) > 65535 or bounds[1] < bounds[0] or (dash and not last):
        raise InvalidParameter(f"Invalid containerPort: {numbers}")
    return [f"{port}/{protocol}" for port in range(bounds[0], bounds[1] + 1)]


def _healthcheck(config: Config, instruction: Instruction, room: words.Room) -> None:
    if not instruction.rest:
        raise InvalidParameter("HEALTHCHECK requires at least one argument")
    kind, _, command = instruction.rest.partition(" ")
    kind, command = kind.upper(), command.strip()
    if kind == "NONE":
        if command:
            raise InvalidParameter("HEALTHCHECK NONE takes no arguments")
        config["Healthcheck"] = {"Test": ["NONE"]}
        return
    check: dict[str, Any] = {}
    for flag, value in _flags(instruction, _HEALTH_FLAGS).items():
        check[_HEALTH_FLAGS[flag]] = _retries(value) if flag == "retries" else _interval(flag, value)
    if kind != "CMD":
        raise InvalidParameter(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    listed = _json_list(command)
    if not (command if listed is None else listed):
        raise InvalidParameter("Missing command after HEALTHCHECK CMD")
    test = ["CMD-SHELL", command] if listed is None else ["CMD", *listed]
    config["Healthcheck"] = {"Test": test, **{key: value for key, value in check.items() if value}}


def _interval(flag: str, text: str) -> int:
    if text in ("", "0"):
        return 0
    unsigned = text[text[0] in "+-" :]
    parts = _DURATION.findall(unsigned)
    if not parts or "".join(number + unit for number, unit in parts) != unsigned:
        raise InvalidParameter(f'time: invalid duration "{text[:100]}"')
    value = int(sum(float(number) * _NANOSECONDS[unit] for number, unit in parts))
    if text.startswith("-") or 0 < value < 10**6:
        raise InvalidParameter(f'Interval "{flag}" cannot be less than 1ms')
    return value


def _retries(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise InvalidParameter(f'strconv.ParseInt: parsing "{text[:100]}": invalid syntax')
    if int(text) < 0:
        raise InvalidParameter(f"--retries cannot be negative ({int(text)})")
    return int(text)


def _onbuild(config: Config, instruction: Instruction, room: words.Room) -> None:
    if not instruction.rest:
        raise InvalidParameter("ONBUILD requires at least one argument")
    trigger = one(instruction.rest).keyword.upper()
    if trigger == "ONBUILD":
        raise InvalidParameter("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in ("FROM", "MAINTAINER"):
        raise InvalidParameter(f"{trigger} isn't allowed as an ONBUILD trigger")
    config["OnBuild"] = [*(config.get("OnBuild") or ()), instruction.rest]


def _stop_signal(config: Config, instruction: Instruction, room: words.Room) -> None:
    signal = words.expand(_single("STOPSIGNAL", instruction.rest), _variables(config), room)
    number = re.fullmatch(r"[+-]?[0-9]{1,9}", signal)
    if (int(signal) == 0) if number else signal.upper().removeprefix("SIG") not in signals.NUMBERS:
        raise InvalidParameter(f"invalid signal: {signal[:100]}")
    config["StopSignal"] = signal


def _user(config: Config, instruction: Instruction, room: words.Room) -> None:
    config["User"] = words.expand(_single("USER", instruction.rest), _variables(config), room)


def _volume(config: Config, instruction: Instruction, room: words.Room) -> None:
    listed = _json_list(instruction.rest)
    texts = instruction.rest.split() if listed is None else listed
    if not texts:
        raise InvalidParameter("VOLUME requires at least one argument")
    if not all(text.strip() for text in texts):
        raise InvalidParameter("VOLUME specified can not be an empty string")
    variables = _variables(config)
    paths = [words.expand(text.strip(), variables, room) for text in texts]
    config["Volumes"] = {**(config.get("Volumes") or {}), **{path: {} for path in paths}}


def _workdir(config: Config, instruction: Instruction, room: words.Room) -> None:
    path = words.expand(_single("WORKDIR", instruction.rest), _variables(config), room)
    joined = posixpath.normpath(posixpath.join("/", config.get("WorkingDir") or "", path))
    config["WorkingDir"] = "/" + joined.lstrip("/")


def _single(keyword: str, rest: str) -> str:
    if not rest:
        raise InvalidParameter(f"{keyword} requires exactly one argument")
    return rest


def _pairs(keyword: str, rest: str) -> list[tuple[str, str]]:
    """``a=b c="d e"``, or the old ``a the rest``."""
    parts = words.split(rest)
    if not parts:
        raise InvalidParameter(f"{keyword} requires at least one argument")
    if "=" not in parts[0]:
        name_and_value = re.split(r"\s+", rest, maxsplit=1)
        if len(name_and_value) < 2:
            raise InvalidParameter(f"{keyword} must have two arguments")
        return [(name_and_value[0], name_and_value[1])]
    pairs = []
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise InvalidParameter(f'Syntax error - can\'t find = in "{part}". Must be of the form: name=value')
        if not name:
            raise InvalidParameter(f"{keyword} names can not be blank")
        pairs.append((name, value))
    return pairs


def _json_list(text: str) -> list[str] | None:
    """A list of strings in JSON; None where `text` is something else."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(part, str) for part in value):
        raise InvalidParameter("only string type is allowed in JSON format arrays")
    return list(value)


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in config.get("Env") or ())
    return {name: value for name, _, value in pairs}


_APPLIERS: Final[Mapping[str, Callable[[Config, Instruction, words.Room], None]]] = {
    "cmd": _cmd,
    "entrypoint": _entrypoint,
    "env": _env,
    "expose": _expose,
    "healthcheck": _healthcheck,
    "label": _label,
    "onbuild": _onbuild,
    "stopsignal": _stop_signal,
    "user": _user,
    "volume": _volume,
    "workdir": _workdir,
}
