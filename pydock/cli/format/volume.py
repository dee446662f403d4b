"""Rows of `volume ls`, and of the volumes in `system df -v`."""

from pydock.cli.format import text
from pydock.cli.quantities import DECIMAL, show_size
from pydock.cli.template.values import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEADER = {
    "Name": "VOLUME NAME",
    "Group": "GROUP",
    "Driver": "DRIVER",
    "Scope": "SCOPE",
    "Availability": "AVAILABILITY",
    "Mountpoint": "MOUNTPOINT",
    "Labels": "LABELS",
    "Links": "LINKS",
    "Size": "SIZE",
    "Status": "STATUS",
}

#: what `--cluster` shows, whatever the format
CLUSTER = "table {{.Name}}\t{{.Group}}\t{{.Driver}}\t{{.Availability}}\t{{.Status}}"


def choose_format(source: str, quiet: bool) -> str:
    """The format that `--format` (or its absence) stands for."""
    if source == "table":
        return "{{.Name}}" if quiet else "table {{.Driver}}\t{{.Name}}"
    if source == "raw":
        return "name: {{.Name}}" if quiet else "name: {{.Name}}\\ndriver: {{.Driver}}\\n"
    return source


class VolumeRow(Row):
    """One volume; cluster volumes are another engine's business, so their columns say N/A."""

    kind = "formatter.volumeContext"
    columns = tuple(HEADER)
    methods = ("Label",)

    def __init__(self, entry: "dict[str, Any]") -> None:
        self._entry = entry

    def Name(self) -> str:
        """Its name."""
        return str(self._entry["Name"])

    def Driver(self) -> str:
        """local, mostly."""
        return str(self._entry["Driver"])

    def Scope(self) -> str:
        """local, mostly."""
        return str(self._entry["Scope"])

    def Mountpoint(self) -> str:
        """Where it is on the host."""
        return str(self._entry.get("Mountpoint") or "")

    def Labels(self) -> str:
        """All labels."""
        return text.labels(self._entry.get("Labels"))

    def Label(self, name: str) -> str:
        """One label."""
        return str((self._entry.get("Labels") or {}).get(name, ""))

    def Links(self) -> str:
        """How many containers use it."""
        usage = self._entry.get("UsageData")
        return str(usage["RefCount"]) if usage else "N/A"

    def Size(self) -> str:
        """Bytes in it."""
        usage = self._entry.get("UsageData")
        return show_size(usage["Size"], 1000.0, DECIMAL, 4) if usage else "N/A"

    def Group(self) -> str:
        """Of a cluster volume."""
        return "N/A"

    def Availability(self) -> str:
        """Of a cluster volume."""
        return "N/A"

    def Status(self) -> str:
        """Of a cluster volume."""
        return "N/A"
