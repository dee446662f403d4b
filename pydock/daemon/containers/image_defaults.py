"""What a container takes over from its image where its create request says nothing.  Pure; create calls it."""

from collections.abc import Mapping
from typing import Any

from pydock.errors import InvalidParameter

_HEALTH = ("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")


def merge(config: dict[str, Any], image: Mapping[str, Any]) -> None:
    """Fill `config` (the wire's Config) from an image's ``config`` section, in place, by Docker's rules."""
    for key in ("User", "WorkingDir"):
        config[key] = config[key] or image.get(key) or ""
    _merge_sets(config, image)
    config["Env"] = _merge_env(config["Env"], image.get("Env"))
    config["Labels"] = {**(image.get("Labels") or {}), **(config["Labels"] or {})}
    if not config["Entrypoint"]:
        if not config["Cmd"]:
            config["Cmd"] = image.get("Cmd")
        if config["Entrypoint"] is None:
            config["Entrypoint"] = image.get("Entrypoint")
    if health := image.get("Healthcheck"):
        own = config.get("Healthcheck") or {}
        merged = {key: own.get(key) or health.get(key) for key in _HEALTH}
        config["Healthcheck"] = {key: value for key, value in merged.items() if value}
    if not config.get("StopSignal") and image.get("StopSignal"):
        config["StopSignal"] = image["StopSignal"]


def finish(config: dict[str, Any]) -> None:
    """What must hold of every container's Config: something to run; the keys stand in Docker's order."""
    if config["Entrypoint"] == [""]:
        config["Entrypoint"] = None
    if not config["Entrypoint"] and not config["Cmd"]:
        raise InvalidParameter("no command specified")
    if any("\0" in word for key in ("Entrypoint", "Cmd") for word in config[key] or ()):
        raise InvalidParameter("invalid command: it holds a NUL byte")
    ordered = {key: config[key] for key in _ORDER if key in config}
    config.clear()
    config.update(ordered)


def _merge_sets(config: dict[str, Any], image: Mapping[str, Any]) -> None:
    exposed = {**(config.get("ExposedPorts") or {}), **(image.get("ExposedPorts") or {})}
    if exposed:
        config["ExposedPorts"] = dict(sorted(exposed.items()))
    if volumes := {**(config["Volumes"] or {}), **(image.get("Volumes") or {})}:
        config["Volumes"] = dict(sorted(volumes.items()))
    elif not config["Volumes"]:
        config["Volumes"] = None


def _merge_env(own: list[str] | None, image: list[str] | None) -> list[str] | None:
    if not own:
        return list(image) if image is not None else None
    names = {variable.partition("=")[0] for variable in own}
    return own + [variable for variable in image or () if variable.partition("=")[0] not in names]


_ORDER = (
    "Hostname", "Domainname", "User", "AttachStdin", "AttachStdout", "AttachStderr", "ExposedPorts", "Tty",
    "OpenStdin", "StdinOnce", "Env", "Cmd", "Healthcheck", "ArgsEscaped", "Image", "Volumes", "WorkingDir",
    "Entrypoint", "NetworkDisabled", "MacAddress", "OnBuild", "Labels", "StopSignal", "StopTimeout", "Shell",
)  # fmt: skip
