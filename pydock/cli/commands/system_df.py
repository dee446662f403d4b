"""`system df`."""

from pydock.cli.exits import Exit
from pydock.cli.flags import boolean
from pydock.cli.format import container, disk_usage, image, volume
from pydock.cli.format_flags import format_flag
from pydock.cli.quantities import DECIMAL, show_size
from pydock.cli.spec import Command
from pydock.cli.table import render
from pydock.client import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options
    from pydock.cli.template.values import Row

_IMAGES = (
    "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}"
    "\t{{.Containers}}"
)
_CONTAINERS = (
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}"
)
_VOLUMES = "table {{.Name}}\t{{.Links}}\t{{.Size}}"
_CACHE = "table {{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}"
_CACHE_RAW = "\n".join(
    f"{label}: {{{{.{column}}}}}"
    for label, column in (
        ("build_cache_id", "ID"),
        ("parent_id", "Parent"),
        ("build_cache_type", "CacheType"),
        ("description", "Description"),
        ("created_at", "CreatedAt"),
        ("created_since", "CreatedSince"),
        ("last_used_at", "LastUsedAt"),
        ("last_used_since", "LastUsedSince"),
        ("usage_count", "UsageCount"),
        ("in_use", "InUse"),
        ("shared", "Shared"),
    )
)


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show how much room things take."""
    answer = system.disk_usage(console.engine(), [])
    source = options.format or "table"
    if options.verbose:
        _verbose(console, answer, source)
        return
    chosen = {"table": disk_usage.TABLE, "raw": disk_usage.RAW}.get(source, source)
    render(console.out, disk_usage.usage_rows(answer), disk_usage.HEADER, chosen)


def _rows(answer: "dict[str, Any]", trunc: bool) -> "dict[str, Sequence[Row]]":
    images = [image.first_name(entry, trunc) for entry in answer.get("Images") or []]
    cache = sorted(answer.get("BuildCache") or [], key=lambda record: (record.get("LastUsedAt") or "", record["ID"]))
    # the size with the image would only mislead in a list of what could be freed
    containers = [{**entry, "SizeRootFs": 0} for entry in answer.get("Containers") or []]
    return {
        "Images": images,
        "Containers": [container.ContainerRow(entry, trunc) for entry in containers],
        "Volumes": [volume.VolumeRow(entry) for entry in answer.get("Volumes") or []],
        "BuildCache": [disk_usage.CacheRow(entry, trunc) for entry in cache],
    }


def _verbose(console: "Console", answer: "dict[str, Any]", source: str) -> None:
    found = _rows(answer, source.startswith("table"))
    if source != "table":
        console.out.write(_formatted(found, source))
        return
    size = show_size(disk_usage.cache_size(answer.get("BuildCache") or []), 1000.0, DECIMAL, 4)
    for title, key, header, format in (
        ("Images space usage:", "Images", image.HEADER, _IMAGES),
        ("\nContainers space usage:", "Containers", container.HEADER, _CONTAINERS),
        ("\nLocal Volumes space usage:", "Volumes", volume.HEADER, _VOLUMES),
        (f"\nBuild cache usage: {size}", "BuildCache", disk_usage.CACHE_HEADER, _CACHE),
    ):
        console.out.write(f"{title}\n\n")
        render(console.out, found[key], header, format)


def _formatted(found: "dict[str, Sequence[Row]]", source: str) -> str:
    from pydock.cli.template.execute import parse
    from pydock.cli.template.nodes import TemplateError
    from pydock.cli.template.values import Slice, Struct

    if source == "raw":
        parts = (
            ("Images", "Image", image.RAW % "digest: {{.Digest}}\n"),
            ("Containers", "Container", container.RAW + "size: {{.Size}}\n"),
            ("Volumes", "Volume", "name: {{.Name}}\ndriver: {{.Driver}}\n"),
            ("BuildCache", "Build Cache", _CACHE_RAW + "\n"),
        )
        source = "".join(f"{{{{range .{key}}}}}type: {name}\n{text}\n{{{{end -}}}}" for key, name, text in parts)
    whole = Struct("formatter.diskUsageContext", True)
    whole.fields = {key: Slice(list(rows), "[]row", "row") for key, rows in found.items()}
    whole.names = {key: key for key in found}
    text = source.removeprefix("table").strip(" ").replace("\\t", "\t").replace("\\n", "\n")
    try:
        return parse("{{json .}}" if source == "json" else text).execute(whole)
    except TemplateError as error:
        raise Exit(str(error)) from None


COMMAND = Command(
    "[OPTIONS]",
    "Show how much disk the engine uses",
    run,
    (boolean("verbose", "Show each object", "v"), format_flag()),
)
