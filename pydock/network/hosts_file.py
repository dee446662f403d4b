"""The content of a container's /etc/hosts and /etc/hostname, as Docker has it, and their change while it runs.

Called by the daemon's sandboxes: `write` at each start, `add` and `remove` when a network is connected or
disconnected.  Lines that a user has added are kept.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydock.errors import InvalidParameter
from pydock.network import edited_file

_IPV4 = "127.0.0.1\tlocalhost\n"
_IPV6 = """\
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
_NAMES = re.compile(r"[^\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One line: an address and the names that mean it, divided by blanks."""

    address: str
    names: str

    def __str__(self) -> str:
        return f"{self.address}\t{self.names}\n"

    def check(self) -> None:
        """Refuse what would not stay within its line."""
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            raise InvalidParameter(f"invalid IP address in add-host: {self.address!r}") from None
        if not _NAMES.fullmatch(self.names) or self.names.startswith("#"):
            raise InvalidParameter(f"invalid host name: {self.names!r}")


def own_names(hostname: str, domainname: str = "") -> str:
    """The names of a container's own line: ``web.example.com web``."""
    full = f"{hostname}.{domainname}" if domainname else hostname
    short, dot, _ = full.partition(".")
    return f"{full} {short}" if dot else full


def own_records(hostname: str, domainname: str, addresses: Iterable[str]) -> list[Record]:
    """The lines of a container's own addresses."""
    names = own_names(hostname, domainname)
    return [Record(address, names) for address in addresses if address]


def content(records: Sequence[Record], ipv6: bool = True) -> str:
    """A whole file: the local names, then `records` (``--add-host``, links, own addresses).

    Without `ipv6` (it is off in the container) there are no lines with IPv6 addresses.
    """
    for record in records:
        record.check()
    lines = [str(record) for record in records if ipv6 or ":" not in record.address]
    return _IPV4 + (_IPV6 if ipv6 else "") + "".join(lines)


def write(path: Path, extra: Sequence[Record], own: Sequence[Record], ipv6: bool = True) -> None:
    """Write the file of a container that starts; where a user edited it, only the container's own lines change."""
    text = content([*extra, *own], ipv6)
    if not edited_file.replace(path, text) and own:
        _change(path, [line for line in _lines(path) if _names_of(line) != own[0].names] + [str(one) for one in own])


def write_copy(path: Path, host: Path = Path("/etc/hosts")) -> None:
    """Write the host's own file, for a container on the host's network."""
    source = edited_file.read(host.resolve()) or b""
    edited_file.replace(path, source.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode())


def write_hostname(path: Path, hostname: str) -> None:
    """Write /etc/hostname: the host name alone, without the domain."""
    if not _NAMES.fullmatch(hostname):
        raise InvalidParameter(f"invalid host name: {hostname!r}")
    edited_file.replace(path, f"{hostname}\n")


def add(path: Path, records: Sequence[Record]) -> None:
    """Append lines to the file of a running container."""
    for record in records:
        record.check()
    _change(path, [*_lines(path), *map(str, records)])


def remove(path: Path, records: Sequence[Record]) -> None:
    """Take lines out of the file of a running container."""
    gone = {str(record) for record in records}
    _change(path, [line for line in _lines(path) if line not in gone])


def move(path: Path, name: str, address: str) -> None:
    """Let the lines whose first name is `name` have another address, "" for none, while the container runs."""
    lines = _lines(path)
    moved = [line if _names_of(line).split()[:1] != [name] else f"{address}\t{_names_of(line)}\n" for line in lines]
    if moved != lines:
        _change(path, [line for line in moved if not line.startswith("\t")])


def _lines(path: Path) -> list[str]:
    text = (edited_file.read(path) or b"").decode("utf-8", "surrogateescape")
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def _names_of(line: str) -> str:
    return line.partition("\t")[2].rstrip("\n")


def _change(path: Path, lines: Iterable[str]) -> None:
    """Write `lines`; the engine's own content stays its own, an edited one stays edited."""
    text = "".join(lines)
    if edited_file.is_edited(path):
        edited_file.write_in_place(path, text.encode("utf-8", "surrogateescape"))
    else:
        edited_file.overwrite(path, text, edited_file.read(path))
