"""Image configs from outside: parsed once, checked once, so that everyone after may trust their shape.

Called by `Images.create` and by the registry client and archives before they unpack anything.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydock import json_mistakes
from pydock.errors import InvalidParameter
from pydock.imagestore import digest as digests
from pydock.imagestore import go_fields, times

#: the longest config, in bytes
MAX_SIZE: Final = 8 << 20
#: how many values may be in one JSON text: each takes many times its own length of memory
MAX_VALUES: Final = 300_000
#: the most layers, as in Docker
MAX_LAYERS: Final = 125


def parse_json(data: bytes, what: str) -> Any:
    """Return the JSON value in `data`; InvalidParameter where it is none, too long, too much or too deep."""
    if len(data) > MAX_SIZE:
        raise InvalidParameter(f"{what}: longer than {MAX_SIZE} bytes")
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise InvalidParameter(f"{what}: more than {MAX_VALUES} values")
    try:
        text = data.decode(errors="replace")  # UTF-8 and nothing else: json would take UTF-16, too
        value = json.loads(text, parse_constant=_refuse)
        return _without_half_pairs(value) if "\\u" in text else value
    except RecursionError:
        raise InvalidParameter(f"{what}: exceeded max depth") from None
    except ValueError as error:
        raise InvalidParameter(f"{what}: {json_mistakes.explain_file(data) or error}") from None


def parse(data: bytes) -> dict[str, Any]:
    """Return the config in `data`, its shape checked; InvalidParameter says what is wrong with it."""
    value = parse_json(data, "invalid image config")
    if not isinstance(value, dict):
        raise _wrong("not an object")
    value = _as_go_reads(value)
    _check(value, _TEXTS, _is_text)
    _check_time(value)
    _check_rootfs(value.get("rootfs"))
    _check_history(value)
    for key in _SECTIONS:
        section = value.get(key)
        if section is not None:
            if not isinstance(section, dict):
                raise _wrong(key)
            check_run_config(section)
    if (value.get("os") or "linux").lower() != "linux":
        raise InvalidParameter(f"cannot load {value['os'][:40]} image on linux")
    return value


def check_run_config(config: Mapping[str, Any]) -> None:
    """Refuse a ``config`` section whose known keys are not of their type."""
    _check(config, _RUN_TEXTS, _is_text)
    _check(config, ("Env", "Cmd", "Entrypoint", "OnBuild", "Shell"), _is_text_list)
    _check(config, ("Labels",), _is_text_map)
    _check(config, ("Volumes", "ExposedPorts"), _is_set)
    _check(config, ("Healthcheck",), _is_healthcheck)
    _check(config, _SWITCHES, lambda value: isinstance(value, bool))
    _check(config, ("StopTimeout",), lambda value: isinstance(value, int) and not isinstance(value, bool))
    for entry in config.get("Env") or ():
        if "\0" in entry:
            raise _wrong("Env")


def diff_ids(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the layers of a parsed config, the lowest first."""
    return tuple((config.get("rootfs") or {}).get("diff_ids") or ())


def _as_go_reads(value: dict[str, Any]) -> dict[str, Any]:
    """A config in which the keys and the forms of values are those that the engine's own configs have."""
    value = go_fields.spelled(value, (*_TEXTS, *_SECTIONS, "created", "rootfs", "history"))
    for key in _SECTIONS:
        if isinstance(value.get(key), dict):
            value[key] = _run_config(value[key])
    if isinstance(value.get("rootfs"), dict):
        value["rootfs"] = go_fields.spelled(value["rootfs"], ("type", "diff_ids"))
    if isinstance(value.get("history"), list):
        names = ("created", "empty_layer", *_STEP_TEXTS)
        steps = ({} if step is None else step for step in value["history"])
        value["history"] = [go_fields.spelled(step, names) if isinstance(step, dict) else step for step in steps]
    return value


def _run_config(section: dict[str, Any]) -> dict[str, Any]:
    names = (*_RUN_TEXTS, *_SWITCHES, "StopTimeout", *(key for keys, _ in _FORMS for key in keys))
    config = go_fields.spelled(section, names)
    for keys, form in _FORMS:
        config.update({key: form(config[key]) for key in keys if key in config})
    return config


def _health(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    health = go_fields.spelled(value, ("Test", *_HEALTH_NUMBERS))
    return {**health, "Test": go_fields.texts(health["Test"])} if "Test" in health else health


def _check_rootfs(rootfs: Any) -> None:
    if not isinstance(rootfs, dict):
        raise InvalidParameter("invalid image JSON, no RootFS key")
    if rootfs.get("type", "layers") != "layers":
        raise _wrong("rootfs.type")
    layers = rootfs.get("diff_ids")
    if layers is None:
        return
    if not isinstance(layers, list):
        raise _wrong("rootfs.diff_ids")
    if len(layers) > MAX_LAYERS:
        raise InvalidParameter("max depth exceeded")
    for layer in layers:
        digests.parse(layer)


def _check_history(config: Mapping[str, Any]) -> None:
    history = config.get("history")
    if history is None:
        return
    if not isinstance(history, list) or not all(isinstance(entry, dict) for entry in history):
        raise _wrong("history")
    for entry in history:
        _check(entry, _STEP_TEXTS, _is_text)
        _check_time(entry)
        _check(entry, ("empty_layer",), lambda value: isinstance(value, bool))
    filled = sum(not entry.get("empty_layer") for entry in history)
    if filled > len(diff_ids(config)):
        raise InvalidParameter("too many non-empty layers in History section")


def _check_time(made: Mapping[str, Any]) -> None:
    created = made.get("created")
    if created is not None:
        if not isinstance(created, str):
            raise _wrong("created")
        times.parse(created)


def _check(value: Mapping[str, Any], keys: tuple[str, ...], fits: Callable[[Any], bool]) -> None:
    for key in keys:
        if value.get(key) is not None and not fits(value[key]):
            raise _wrong(key)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values())


def _is_set(value: Any) -> bool:
    return isinstance(value, dict) and all(entry is None or isinstance(entry, dict) for entry in value.values())


def _is_healthcheck(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    numbers = (value.get(key) for key in _HEALTH_NUMBERS)
    return (value.get("Test") is None or _is_text_list(value["Test"])) and all(
        number is None or (isinstance(number, int) and not isinstance(number, bool)) for number in numbers
    )


def _wrong(what: str) -> InvalidParameter:
    return InvalidParameter(f"invalid image config: {what}")


def _without_half_pairs(value: Any) -> Any:
    """`value` with U+FFFD for each half of a surrogate pair, as Go reads them: they are no text that can be sent."""
    text = json.dumps(value, ensure_ascii=False)
    whole = _SURROGATE.sub("\ufffd", text)
    return value if whole == text else json.loads(whole)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TEXTS: Final = (
    "architecture", "os", "variant", "os.version", "author", "comment", "docker_version", "container", "parent",
)  # fmt: skip
_SECTIONS: Final = ("config", "container_config")
_STEP_TEXTS: Final = ("created_by", "author", "comment")
#: the keys of a ``config`` section: texts, switches, and what comes in more than one form
_RUN_TEXTS: Final = ("User", "WorkingDir", "StopSignal", "Hostname", "Domainname", "Image", "MacAddress")
_SWITCHES: Final = (
    "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "NetworkDisabled", "ArgsEscaped",
)  # fmt: skip
_HEALTH_NUMBERS: Final = ("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
_FORMS: Final[tuple[tuple[tuple[str, ...], Callable[[Any], Any]], ...]] = (
    (("Cmd", "Entrypoint", "Shell"), go_fields.words),
    (("Env", "OnBuild"), go_fields.texts),
    (("Labels",), go_fields.text_map),
    (("Volumes", "ExposedPorts"), go_fields.names),
    (("Healthcheck",), _health),
)
