"""Rows of `ps`.  Called by `container_ls`, and by `system df -v` for its container part."""

from pydock.cli.format import text
from pydock.cli.template.values import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
RAW = """container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
"""
HEADER = {
    "ID": "CONTAINER ID",
    "Names": "NAMES",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "CreatedAt": "CREATED AT",
    "RunningFor": "CREATED",
    "Ports": "PORTS",
    "State": "STATE",
    "Status": "STATUS",
    "Size": "SIZE",
    "Labels": "LABELS",
    "Mounts": "MOUNTS",
    "LocalVolumes": "LOCAL VOLUMES",
    "Networks": "NETWORKS",
    "Platform": "PLATFORM",
}


def choose_format(source: str, quiet: bool, size: bool) -> str:
    """The format that `--format` (or its absence) stands for."""
    if source in ("table", ""):
        return "{{.ID}}" if quiet else DEFAULT + ("\t{{.Size}}" if size else "")
    if source == "raw":
        return "container_id: {{.ID}}" if quiet else RAW + ("size: {{.Size}}\n" if size else "")
    return "{{.ID}}" if quiet else source


class Identity(Row):
    """What a container is and does; `trunc` cuts what is long."""

    def __init__(self, entry: "dict[str, Any]", trunc: bool) -> None:
        self._entry = entry
        self._trunc = trunc
        self.size_used = False

    def ID(self) -> str:
        """The ID, short unless the user wants it whole."""
        return text.short_id(self._entry["Id"]) if self._trunc else str(self._entry["Id"])

    def Names(self) -> str:
        """The names, without the legacy ones that links make."""
        names = [name[1:] for name in self._entry.get("Names") or []]
        if self._trunc:
            names = next(([name] for name in names if "/" not in name), names)
        return ",".join(names)

    def Image(self) -> str:
        """The image as the container was made with it."""
        image = str(self._entry.get("Image") or "")
        if not image:
            return "<no image>"
        if self._trunc:
            short = text.short_id(str(self._entry.get("ImageID") or ""))
            if short == text.short_id(image):
                return short
            if "@" in image:
                return image.partition("@")[0]
            if image.startswith(("docker.io/", "index.docker.io/")):
                from pydock.cli.reference import parse

                return parse(image).familiar
        return image

    def Command(self) -> str:
        """The command line, quoted."""
        from pydock.go_text import quote

        command = str(self._entry.get("Command") or "")
        return quote(text.ellipsis(command, 20) if self._trunc else command)

    def CreatedAt(self) -> str:
        """When it was made."""
        return text.local_time(self._entry["Created"])

    def RunningFor(self) -> str:
        """How long ago it was made."""
        return text.ago(self._entry["Created"])

    def State(self) -> str:
        """running, exited ..."""
        return str(self._entry.get("State") or "")

    def Status(self) -> str:
        """Up 2 hours, Exited (0) 3 days ago ..."""
        return str(self._entry.get("Status") or "")


class ContainerRow(Identity):
    """One container, with what it has."""

    kind = "formatter.ContainerContext"
    columns = tuple(HEADER)
    methods = ("Label",)

    def Platform(self) -> "str | None":
        """The platform of its image, where the daemon tells."""
        platform = (self._entry.get("ImageManifestDescriptor") or {}).get("platform")
        if not platform:
            return None
        parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
        return "/".join(part for part in parts if part)

    def Ports(self) -> str:
        """Exposed and published ports."""
        return show_ports(self._entry.get("Ports") or [])

    def Size(self) -> str:
        """Bytes written, and with the image."""
        from pydock.cli.quantities import human_size

        self.size_used = True
        written, whole = self._entry.get("SizeRw") or 0, self._entry.get("SizeRootFs") or 0
        return f"{human_size(written)} (virtual {human_size(whole)})" if whole > 0 else human_size(written)

    def Labels(self) -> str:
        """All labels."""
        return text.labels(self._entry.get("Labels"))

    def Label(self, name: str) -> str:
        """One label."""
        return str((self._entry.get("Labels") or {}).get(name, ""))

    def Mounts(self) -> str:
        """Names or sources of mounts."""
        names = [mount.get("Name") or mount.get("Source") or "" for mount in self._entry.get("Mounts") or []]
        return ",".join(text.ellipsis(name, 15) if self._trunc else name for name in names)

    def LocalVolumes(self) -> str:
        """How many volumes of the local driver it has."""
        return str(sum(mount.get("Driver") == "local" for mount in self._entry.get("Mounts") or []))

    def Networks(self) -> str:
        """The networks it is on."""
        return ",".join((self._entry.get("NetworkSettings") or {}).get("Networks") or {})


def show_ports(ports: "list[dict[str, Any]]") -> str:
    """`0.0.0.0:80->8080/tcp, 9000-9002/tcp`: neighbours in one, differing host ports one by one."""

    def key(port: "dict[str, Any]") -> "tuple[int, str, int, str]":
        return port["PrivatePort"], port.get("IP") or "", port.get("PublicPort") or 0, port["Type"]

    groups: dict[str, list[int]] = {}
    done: list[str] = []
    mapped: list[str] = []
    for port in sorted(ports, key=key):
        private, kind, address = port["PrivatePort"], port["Type"], port.get("IP") or ""
        public = port.get("PublicPort") or 0
        if address and public != private:
            mapped.append(f"{host_port(address, str(public))}->{private}/{kind}")
            continue
        name = f"{address}/{kind}" if address else kind
        group = groups.get(name)
        if group and private == group[1] + 1:
            group[1] = private
            continue
        if group:
            done.append(_group(name, group))
        groups[name] = [private, private]
    return ", ".join(done + [_group(name, group) for name, group in groups.items()] + mapped)


def _group(name: str, group: "list[int]") -> str:
    address, slash, kind = name.rpartition("/")
    text = str(group[0]) if group[0] == group[1] else f"{group[0]}-{group[1]}"
    return f"{host_port(address, text)}->{text}/{kind}" if slash else f"{text}/{kind}"


def host_port(host: str, port: str) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
