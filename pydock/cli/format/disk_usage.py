"""Rows of `system df`: one a kind of object, and the build cache's for `-v`."""

from pydock.cli.format import text
from pydock.cli.quantities import DECIMAL, human_size, show_size
from pydock.cli.template.values import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Entries = list[dict[str, Any]]

TABLE = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}"
RAW = "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n"
HEADER = {
    "Type": "TYPE",
    "TotalCount": "TOTAL",
    "Active": "ACTIVE",
    "Size": "SIZE",
    "Reclaimable": "RECLAIMABLE",
}
CACHE_HEADER = {
    "ID": "CACHE ID",
    "Parent": "PARENT",
    "CacheType": "CACHE TYPE",
    "Size": "SIZE",
    "CreatedSince": "CREATED",
    "LastUsedSince": "LAST USED",
    "UsageCount": "USAGE",
    "InUse": "IN USE",
    "Shared": "SHARED",
    "Description": "DESCRIPTION",
}
_KINDS = {
    "Images": "formatter.diskUsageImagesContext",
    "Containers": "formatter.diskUsageContainersContext",
    "Local Volumes": "formatter.diskUsageVolumesContext",
    "Build Cache": "formatter.diskUsageBuilderContext",
}
_ACTIVE = frozenset(("running", "paused", "restarting"))


class UsageRow(Row):
    """How much one kind of object takes; what of it nothing uses."""

    columns = tuple(HEADER)

    def __init__(self, name: str, count: int, active: int, size: int, reclaimable: int, percent: bool) -> None:
        self.kind = _KINDS[name]
        self._name = name
        self._numbers = (count, active)
        self._size = size
        self._reclaimable = reclaimable
        self._percent = percent

    def Type(self) -> str:
        """Images, Containers ..."""
        return self._name

    def TotalCount(self) -> str:
        """How many there are."""
        return str(self._numbers[0])

    def Active(self) -> str:
        """How many are in use."""
        return str(self._numbers[1])

    def Size(self) -> str:
        """Bytes in all."""
        return show_size(self._size, 1000.0, DECIMAL, 4)

    def Reclaimable(self) -> str:
        """Bytes that could be freed."""
        freed = show_size(self._reclaimable, 1000.0, DECIMAL, 4)
        if not self._percent or self._size <= 0:
            return freed
        share = self._reclaimable * 100
        whole = share // self._size if share >= 0 else -(-share // self._size)
        return f"{freed} ({whole}%)"


def usage_rows(answer: "dict[str, Any]") -> "list[UsageRow]":
    """The four rows of the plain table."""
    images: Entries = answer.get("Images") or []
    total = answer.get("LayersSize") or 0
    used = sum(
        i["Size"] - i["SharedSize"]
        for i in images
        if i["Containers"] != 0 and i["Size"] != -1 and i["SharedSize"] != -1
    )
    containers: Entries = answer.get("Containers") or []
    active = [c for c in containers if c["State"] in _ACTIVE]
    written = sum(c.get("SizeRw") or 0 for c in containers)
    idle = written - sum(c.get("SizeRw") or 0 for c in active)
    volumes: Entries = answer.get("Volumes") or []
    usage = [v["UsageData"] for v in volumes]
    sizes = sum(u["Size"] for u in usage if u["Size"] != -1)
    free = sum(u["Size"] for u in usage if u["Size"] != -1 and u["RefCount"] == 0)
    cache: Entries = answer.get("BuildCache") or []
    cached = cache_size(cache)
    kept = sum(c["Size"] for c in cache if c["InUse"] and not c["Shared"])
    return [
        UsageRow("Images", len(images), sum(i["Containers"] > 0 for i in images), total, total - used, True),
        UsageRow("Containers", len(containers), len(active), written, idle, True),
        UsageRow("Local Volumes", len(volumes), sum(u["RefCount"] > 0 for u in usage), sizes, free, True),
        UsageRow("Build Cache", len(cache), sum(bool(c["InUse"]) for c in cache), cached, cached - kept, False),
    ]


def cache_size(cache: "Entries") -> int:
    """Bytes of the build cache that images don't have too."""
    return sum(record["Size"] for record in cache if not record["Shared"])


class CacheRow(Row):
    """One record of the build cache."""

    kind = "formatter.buildCacheContext"
    columns = (*CACHE_HEADER, "CreatedAt", "LastUsedAt")

    def __init__(self, entry: "dict[str, Any]", trunc: bool) -> None:
        self._entry = entry
        self._trunc = trunc

    def ID(self) -> str:
        """The ID, with a star where it is in use."""
        identity = text.short_id(self._entry["ID"]) if self._trunc else str(self._entry["ID"])
        return identity + ("*" if self._entry["InUse"] else "")

    def Parent(self) -> str:
        """What it stands on."""
        parents = self._entry.get("Parents")
        parent = ", ".join(parents) if parents else str(self._entry.get("Parent") or "")
        return text.short_id(parent) if self._trunc else parent

    def CacheType(self) -> str:
        """regular, source.local ..."""
        return str(self._entry["Type"])

    def Description(self) -> str:
        """What made it."""
        return str(self._entry["Description"])

    def Size(self) -> str:
        """Bytes."""
        return human_size(self._entry["Size"])

    def CreatedAt(self) -> str:
        """When it was made."""
        from pydock.cli.schema import Time

        return str(Time(self._entry["CreatedAt"]))

    def CreatedSince(self) -> str:
        """How long ago it was made."""
        return text.ago(text.parse_time(self._entry["CreatedAt"]))

    def LastUsedAt(self) -> str:
        """When it was used last."""
        from pydock.cli.schema import Time

        return str(Time(self._entry["LastUsedAt"])) if self._entry.get("LastUsedAt") else ""

    def LastUsedSince(self) -> str:
        """How long ago it was used last."""
        used = self._entry.get("LastUsedAt")
        return text.ago(text.parse_time(used)) if used else ""

    def UsageCount(self) -> str:
        """How often it was used."""
        return str(self._entry["UsageCount"])

    def InUse(self) -> str:
        """Whether it is in use."""
        return "true" if self._entry["InUse"] else "false"

    def Shared(self) -> str:
        """Whether images have it too."""
        return "true" if self._entry["Shared"] else "false"
