"""Where and how a container's output is kept, from its record: what the shim writes and the logs service reads."""

from pydock.daemon.containers.record import Container
from pydock.runtime.logs import options, tags
from pydock.runtime.messages import Log

#: the drivers that keep files of their own
FILES = ("json-file", "local")
#: what a driver without files has its log kept in, for those who want to read it here
_CACHE = "container-cached.log"
#: what ``{{.DaemonName}}`` is in a tag
_DAEMON = "docker"


def log_of(record: Container) -> Log:
    """The log of a container; InvalidParameter where its options cannot be."""
    wanted = record.host_config.get("LogConfig") or {}
    driver: str = wanted.get("Type") or "json-file"
    opts: dict[str, str] = dict(wanted.get("Config") or {})
    if driver == "none":
        return Log(driver)
    attributes = options.attributes(driver, opts, record.config.get("Labels") or {}, record.config.get("Env") or ())
    tag = opts.get("tag", "")
    text = tags.render(tag or tags.DEFAULT, _facts(record))
    if tag and driver in FILES:
        attributes = {**attributes, "tag": text}
    return Log(
        driver=driver,
        path=str(record.log_path) if driver in FILES else "",
        options=opts,
        attributes=attributes,
        cache="" if driver in FILES or options.cache_disabled(opts) else str(record.directory / _CACHE),
        tag=text,
        container_id=record.id,
        container_name=record.name,
        image_name=record.config.get("Image") or "",
    )


def _facts(record: Container) -> dict[str, str]:
    image = record.image.removeprefix("sha256:")
    return {
        "ID": record.id[:12],
        "FullID": record.id,
        "Name": record.name,
        "ImageID": image[:12],
        "ImageFullID": record.image,
        "ImageName": record.config.get("Image") or "",
        "DaemonName": _DAEMON,
        "Command": " ".join((record.path, *record.args)),
        "Hostname": record.config.get("Hostname") or "",
        "ContainerID": record.id,
        "ContainerName": f"/{record.name}",
        "ContainerImageID": record.image,
        "ContainerImageName": record.config.get("Image") or "",
        "LogPath": str(record.log_path) if record.host_config["LogConfig"]["Type"] == "json-file" else "",
    }
