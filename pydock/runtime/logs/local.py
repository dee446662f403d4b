"""Docker's local format: protobuf entries, each between two copies of its length (4 bytes, big-endian).  Pure.

message LogEntry { string source = 1; int64 time_nano = 2; bytes line = 3; bool partial = 4;
                   PartialLogEntryMetadata partial_log_metadata = 5; repeated LogAttr attrs = 6; }
message PartialLogEntryMetadata { bool last = 1; string id = 2; int32 ordinal = 3; }
message LogAttr { string key = 1; string value = 2; }
"""

import secrets
import struct
from collections.abc import Callable, Iterator, Mapping

from pydock.runtime.logs.entry import Entry, merged

_LENGTH = struct.Struct(">L")
#: the longest entry that is believed, in bytes (Docker's limit)
_LONGEST = 1_000_000
_SOURCE, _TIME, _LINE, _PARTIAL, _METADATA, _ATTRIBUTES = 0x0A, 0x10, 0x1A, 0x20, 0x2A, 0x32
_LAST, _ID, _ORDINAL = 0x08, 0x12, 0x18
_KEY, _VALUE = 0x0A, 0x12


class Encoder:
    """Turns pieces of a stream, as `LineCutter` gives them, into entries."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self._attributes = b"".join(
            _field(_ATTRIBUTES, _field(_KEY, key.encode()) + _field(_VALUE, value.encode("utf-8", "replace")))
            for key, value in sorted(attributes.items())
        )
        self._parts: dict[str, tuple[str, int]] = {}

    def encode(self, stream: str, time: int, piece: bytes) -> bytes:
        """The entries for `piece`: one a line, all of one `time` (nanoseconds since the epoch)."""
        head = _field(_SOURCE, stream.encode()) + _number(_TIME, time)
        entries = []
        lines = piece.split(b"\n")
        rest = lines.pop()
        if lines and stream in self._parts:  # the last part of a line that was too long
            identity, ordinal = self._parts.pop(stream)
            entries.append(self._entry(head, lines.pop(0), _metadata(identity, ordinal, final=True)))
        frames: dict[int, tuple[bytes, bytes]] = {}
        for line in lines:
            frame = frames.get(len(line))
            if frame is None:
                frame = frames[len(line)] = self._frame(head, len(line))
            entries += (frame[0], line, frame[1])
        if rest:
            identity, ordinal = self._parts.get(stream) or (secrets.token_hex(32), 1)
            self._parts[stream] = identity, ordinal + 1
            entries.append(self._entry(head, rest, _metadata(identity, ordinal, final=False)))
        return b"".join(entries)

    def _frame(self, head: bytes, length: int) -> tuple[bytes, bytes]:
        before = head + (bytes([_LINE]) + _varint(length) if length else b"")
        size = _LENGTH.pack(len(before) + length + len(self._attributes))
        return size + before, self._attributes + size

    def _entry(self, head: bytes, line: bytes, metadata: bytes) -> bytes:
        body = head + (_field(_LINE, line) if line else b"") + metadata + self._attributes
        size = _LENGTH.pack(len(body))
        return size + body + size


def cut(text: bytes, at_least: int) -> int:
    """Where the entry that reaches offset `at_least` of encoded `text` ends."""
    position = 0
    while position < at_least and position < len(text):
        position += _LENGTH.unpack_from(text, position)[0] + 2 * _LENGTH.size
    return position


def entries(text: bytes) -> Iterator[Entry]:
    """The entries in `text`, which is whole ones; stops at what cannot be one."""
    position = 0
    head, stream, time = b"", "", 0
    while position + _LENGTH.size <= len(text):
        size = _LENGTH.unpack_from(text, position)[0]
        position += _LENGTH.size
        end = position + size
        if size > _LONGEST or end > len(text):
            return
        line = _same_head(text, position, end, head)
        if line is not None:
            yield Entry(time, stream, line)
        else:
            try:
                entry = _decode(text[position:end])
            except (IndexError, ValueError):
                return
            stream, time = entry.stream, entry.time
            head = _field(_SOURCE, stream.encode()) + _number(_TIME, time) + bytes([_LINE])
            yield entry
        position = end + _LENGTH.size


def _same_head(text: bytes, position: int, end: int, head: bytes) -> bytes | None:
    """The line of an entry that differs from the one before in nothing but the line; None for any other."""
    if not head or not text.startswith(head, position):
        return None
    length, begin = _take_varint(text, position + len(head))
    return text[begin:end] + b"\n" if begin + length == end else None


def payloads(text: bytes) -> Iterator[tuple[str, bytes]]:
    """What was written, by stream and in order, that `text` tells of; neighbours of one stream are put together."""
    yield from merged(entries(text))


def whole(text: bytes) -> int:
    """The length of the whole entries at the beginning of `text`."""
    position = 0
    while position + _LENGTH.size <= len(text):
        size = _LENGTH.unpack_from(text, position)[0]
        if size > _LONGEST:
            return len(text)  # not a log any more: let `entries` stop there
        following = position + size + 2 * _LENGTH.size
        if following > len(text):
            break
        position = following
    return position


def last_end(read: Callable[[int, int], bytes], size: int) -> int:
    """Where the last whole entry ends in a file of `size` bytes: one may just be being written.  `read(begin, end)`."""
    if size >= 2 * _LENGTH.size:
        footer = read(size - _LENGTH.size, size)
        begin = size - 2 * _LENGTH.size - _LENGTH.unpack(footer)[0]
        if begin >= 0 and read(begin, begin + _LENGTH.size) == footer:
            return size
    position = 0
    while length := whole(read(position, min(size, position + 2 * _LONGEST))):
        position += length
    return position


def last(text: bytes, wanted: int, final: bool) -> tuple[int, int]:
    """How many of the `wanted` last entries lie in `text`, and where the first of them begins.

    `text` ends with an entry's end; an entry that begins before it does not count.
    """
    found, position = 0, len(text)
    while found < wanted and position >= 2 * _LENGTH.size:
        begin = position - 2 * _LENGTH.size - _LENGTH.unpack_from(text, position - _LENGTH.size)[0]
        if begin < 0:
            break
        position = begin
        found += 1
    return found, position


def _decode(body: bytes) -> Entry:
    stream, time, line, partial, final = "", 0, b"", False, False
    attributes: dict[str, str] = {}
    for tag, value in _fields(body):
        match tag, value:
            case 0x0A, bytes():
                stream = value.decode("utf-8", "replace")
            case 0x10, int():
                time = value
            case 0x1A, bytes():
                line = value
            case 0x20, int():
                partial = bool(value)
            case 0x2A, bytes():
                final = bool(dict(_fields(value)).get(_LAST))
            case 0x32, bytes():
                pair = dict(_fields(value))
                key, text = pair.get(_KEY, b""), pair.get(_VALUE, b"")
                if isinstance(key, bytes) and isinstance(text, bytes):
                    attributes[key.decode("utf-8", "replace")] = text.decode("utf-8", "replace")
    return Entry(time, stream, line if partial and not final else line + b"\n", attributes)


def _fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(body):
        tag, position = body[position], position + 1
        number, position = _take_varint(body, position)
        if tag & 7 == 0:
            yield tag, number
        elif tag & 7 == 2 and position + number <= len(body):
            yield tag, body[position : position + number]
            position += number
        else:
            raise ValueError(f"field {tag:#x} cannot be")


def _take_varint(body: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
        if shift > 63:
            raise ValueError("a number cannot be that long")


def _metadata(identity: str, ordinal: int, final: bool) -> bytes:
    fields = (_number(_LAST, 1) if final else b"") + _field(_ID, identity.encode()) + _number(_ORDINAL, ordinal)
    return _number(_PARTIAL, 1) + _field(_METADATA, fields)


def _number(tag: int, value: int) -> bytes:
    return bytes([tag]) + _varint(value)


def _field(tag: int, value: bytes) -> bytes:
    return bytes([tag]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
