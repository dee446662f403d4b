"""Rows of `network ls`."""

from pydock.cli.format import text
from pydock.cli.template.values import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"
RAW = "network_id: {{.ID}}\\nname: {{.Name}}\\ndriver: {{.Driver}}\\nscope: {{.Scope}}\\n"
HEADER = {
    "ID": "NETWORK ID",
    "Name": "NAME",
    "Driver": "DRIVER",
    "Scope": "SCOPE",
    "IPv4": "IPV4",
    "IPv6": "IPV6",
    "Internal": "INTERNAL",
    "Labels": "LABELS",
    "CreatedAt": "CREATED AT",
}


def choose_format(source: str, quiet: bool) -> str:
    """The format that `--format` (or its absence) stands for."""
    if source == "table":
        return "{{.ID}}" if quiet else DEFAULT
    if source == "raw":
        return "network_id: {{.ID}}" if quiet else RAW
    return source


class NetworkRow(Row):
    """One network."""

    kind = "network.networkContext"
    columns = tuple(HEADER)
    methods = ("Label",)

    def __init__(self, entry: "dict[str, Any]", trunc: bool) -> None:
        self._entry = entry
        self._trunc = trunc

    def ID(self) -> str:
        """The ID, short unless the user wants it whole."""
        return text.short_id(self._entry["Id"]) if self._trunc else str(self._entry["Id"])

    def Name(self) -> str:
        """Its name."""
        return str(self._entry["Name"])

    def Driver(self) -> str:
        """bridge, host ..."""
        return str(self._entry["Driver"])

    def Scope(self) -> str:
        """local, mostly."""
        return str(self._entry["Scope"])

    def IPv4(self) -> str:
        """Whether it has IPv4."""
        return "true" if self._entry.get("EnableIPv4") else "false"

    def IPv6(self) -> str:
        """Whether it has IPv6."""
        return "true" if self._entry.get("EnableIPv6") else "false"

    def Internal(self) -> str:
        """Whether it leads nowhere outside."""
        return "true" if self._entry.get("Internal") else "false"

    def Labels(self) -> str:
        """All labels."""
        return text.labels(self._entry.get("Labels"))

    def Label(self, name: str) -> str:
        """One label."""
        return str((self._entry.get("Labels") or {}).get(name, ""))

    def CreatedAt(self) -> str:
        """When it was made."""
        from pydock.cli.schema import Time

        return str(Time(self._entry.get("Created") or ""))
