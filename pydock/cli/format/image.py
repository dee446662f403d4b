"""Rows of `images` and `history`.  Called by `image_ls`, `image_history` and `system df -v`."""

import time

from pydock.cli.format import text
from pydock.cli.quantities import DECIMAL, human_size, show_size
from pydock.cli.template.values import Row
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

DEFAULT = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
WITH_DIGEST = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
RAW = (
    "repository: {{ .Repository }}\ntag: {{.Tag}}\n%simage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\n"
    "virtual_size: {{.Size}}\n"
)
HEADER = {
    "ID": "IMAGE ID",
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "Digest": "DIGEST",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "Size": "SIZE",
    "Containers": "CONTAINERS",
    "VirtualSize": "SIZE",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
}
HISTORY_HEADER = {
    "ID": "IMAGE",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "CreatedBy": "CREATED BY",
    "Size": "SIZE",
    "Comment": "COMMENT",
}
#: histories that begin before 2000 have no dates worth showing
EPOCH = 946684800


def choose_format(source: str, quiet: bool, digest: bool) -> str:
    """The format that `--format` (or its absence) stands for."""
    if source == "table":
        return "{{.ID}}" if quiet else WITH_DIGEST if digest else DEFAULT
    if source == "raw":
        return "image_id: {{.ID}}" if quiet else RAW % ("digest: {{.Digest}}\n" if digest else "")
    if source.startswith("table") and digest and "{{.Digest}}" not in source:
        return source + "\t{{.Digest}}"
    return source


class ImageRow(Row):
    """One name of an image."""

    kind = "formatter.imageContext"
    columns = tuple(HEADER)

    def __init__(self, entry: "dict[str, Any]", trunc: bool, repository: str, tag: str, digest: str) -> None:
        self._entry = entry
        self._trunc = trunc
        self._name = (repository, tag, digest)

    def ID(self) -> str:
        """The ID, short unless the user wants it whole."""
        return text.short_id(self._entry["Id"]) if self._trunc else str(self._entry["Id"])

    def Repository(self) -> str:
        """The name without its tag."""
        return self._name[0]

    def Tag(self) -> str:
        """The tag."""
        return self._name[1]

    def Digest(self) -> str:
        """The digest under which a registry has it."""
        return self._name[2]

    def CreatedSince(self) -> str:
        """How long ago it was made."""
        return text.ago(self._entry["Created"])

    def CreatedAt(self) -> str:
        """When it was made."""
        return text.local_time(self._entry["Created"])

    def Size(self) -> str:
        """Its size, layers that others share included."""
        return human_size(self._entry["Size"])

    def Containers(self) -> str:
        """How many containers use it."""
        count = self._entry.get("Containers", -1)
        return "N/A" if count == -1 else str(count)

    def VirtualSize(self) -> str:
        """The same as Size, with one digit more."""
        return show_size(self._entry["Size"], 1000.0, DECIMAL, 4)

    def SharedSize(self) -> str:
        """Bytes that other images have too."""
        shared = self._entry.get("SharedSize", -1)
        return "N/A" if shared == -1 else show_size(shared, 1000.0, DECIMAL, 4)

    def UniqueSize(self) -> str:
        """Bytes that no other image has."""
        shared, size = self._entry.get("SharedSize", -1), self._entry["Size"]
        return "N/A" if -1 in (shared, size) else show_size(size - shared, 1000.0, DECIMAL, 4)


def is_dangling(entry: "dict[str, Any]") -> bool:
    """Whether an image has no name at all."""
    tags, digests = entry.get("RepoTags") or [], entry.get("RepoDigests") or []
    return (not tags and not digests) or (tags == ["<none>:<none>"] and digests == ["<none>@<none>"])


def rows(entries: "list[dict[str, Any]]", trunc: bool, digest: bool, needed: bool) -> "Iterator[ImageRow]":
    """A row for each name of each image; with `digest` (or where a format needs them), one for each digest too."""
    for entry in entries:
        if is_dangling(entry):
            yield ImageRow(entry, trunc, "<none>", "<none>", "<none>")
            continue
        tags = _grouped(entry.get("RepoTags") or [], ":")
        digests = _grouped(entry.get("RepoDigests") or [], "@")
        for repository, names in tags.items():
            found = digests.pop(repository, [])
            for tag in names:
                for one in (found if digest or needed else []) or ["<none>"]:
                    yield ImageRow(entry, trunc, repository, tag, one)
        for repository, found in digests.items():
            for one in found if digest else [""]:
                yield ImageRow(entry, trunc, repository, "<none>", one)


def first_name(entry: "dict[str, Any]", trunc: bool) -> ImageRow:
    """The row of an image's first name, its digest left out."""
    tags = entry.get("RepoTags") or []
    if not tags or is_dangling(entry):
        return ImageRow(entry, trunc, "<none>", "<none>", "")
    ((repository, (tag, *_)),) = _grouped(tags[:1], ":").items()
    return ImageRow(entry, trunc, repository, tag, "")


def _grouped(references: "list[str]", mark: str) -> "dict[str, list[str]]":
    found: dict[str, list[str]] = {}
    for reference in references:
        if mark == ":":
            name, _, suffix = reference.rpartition(":")
        else:
            name, _, suffix = reference.partition("@")
        if name.startswith(("docker.io/", "index.docker.io/")):
            from pydock.cli.reference import parse

            try:
                name = parse(name).familiar_name
            except PydockError:
                continue
        found.setdefault(name, []).append(suffix)
    return found


class HistoryRow(Row):
    """One step of an image's history."""

    kind = "image.historyContext"
    columns = tuple(HISTORY_HEADER)

    def __init__(self, entry: "dict[str, Any]", trunc: bool, human: bool) -> None:
        self._entry = entry
        self._trunc = trunc
        self._human = human

    def ID(self) -> str:
        """The image that the step made, <missing> where it is not here."""
        return text.short_id(self._entry["Id"]) if self._trunc else str(self._entry["Id"])

    def CreatedAt(self) -> str:
        """When, in RFC 3339."""
        moment = time.localtime(self._entry["Created"])
        zone = time.strftime("%z", moment)
        date = f"{moment.tm_year:04}-{time.strftime('%m-%dT%H:%M:%S', moment)}"  # %Y of 1 is 1
        return date + ("Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}")

    def CreatedSince(self) -> str:
        """How long ago."""
        if not self._human:
            return self.CreatedAt()
        return "N/A" if self._entry["Created"] <= EPOCH else text.ago(self._entry["Created"])

    def CreatedBy(self) -> str:
        """The instruction."""
        by = str(self._entry["CreatedBy"]).replace("\t", " ")
        return text.ellipsis(by, 45) if self._trunc else by

    def Size(self) -> str:
        """What the step added."""
        return human_size(self._entry["Size"]) if self._human else str(self._entry["Size"])

    def Comment(self) -> str:
        """Its comment."""
        return str(self._entry["Comment"])
