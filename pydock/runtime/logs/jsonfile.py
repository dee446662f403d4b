"""Docker's json-file format: one JSON object a line, with log, stream, attrs and time.  Pure.

Both directions work on chunks of many lines, with a few passes over the bytes, wherever the content allows it.
"""

import calendar
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping

from pydock.runtime.logs.entry import Entry, format_time, merged

_HEAD = b'{"log":"'
#: bytes that stand for themselves in the JSON text, and the newline, which is replaced with the border of two entries
_PLAIN = bytes(byte for byte in range(0x20, 0x80) if byte not in b'"\\<>&') + b"\n"
#: what else is escaped, as Go's encoder does; the backslash comes first
_ESCAPES = (
    (b"\\", b"\\\\"),
    (b'"', b'\\"'),
    (b"\r", b"\\r"),
    *((bytes([byte]), b"\\u%04x" % byte) for byte in (*range(0x20), *b"<>&") if byte not in b"\r\n"),
)
_SEPARATORS = (("\u2028", "\\u2028"), ("\u2029", "\\u2029"))
#: bytes that are no UTF-8, as Python's surrogateescape gives them
_WRONG = re.compile("[\udc80-\udcff]")
#: what stands between the texts of two entries of one stream: no text can contain it, its quotes would be escaped
_BORDERS = {
    stream: re.compile(
        rb'","stream":"%s"(?:,"attrs":\{[^{}]*\})?,"time":"[0-9TZ:.+-]{20,35}"\}\n(?:\{"log":")?' % stream.encode()
    )
    for stream in ("stdout", "stderr")
}
#: a usual entry, without attributes, as every json-file writer makes it
_ENTRY = re.compile(
    rb'\{"log":"([^"\\]*+(?:\\[^\n][^"\\]*+)*+)","stream":"(stdout|stderr)"'
    rb',"time":"(\d{4}-\d\d-\d\dT[0-9:.]+Z)"\}\n'
)


class Encoder:
    """Turns pieces of a stream, as `LineCutter` gives them, into the text of entries."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self._attributes = b""
        if attributes:
            text = json.dumps(dict(attributes), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            for plain, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), *_SEPARATORS):
                text = text.replace(plain, escaped)
            self._attributes = b',"attrs":' + text.encode("utf-8", "replace")

    def encode(self, stream: str, time: int, piece: bytes) -> bytes:
        """The entries for `piece`: one a line, all of one `time` (nanoseconds since the epoch)."""
        tail = b'","stream":"%s"%s,"time":"%s"}\n' % (stream.encode(), self._attributes, format_time(time).encode())
        special = piece.translate(None, _PLAIN)
        text = _escaped(piece, special) if special else piece
        text = _HEAD + text.replace(b"\n", b"\\n" + tail + _HEAD)
        return text[: -len(_HEAD)] if piece.endswith(b"\n") else text + tail


def _escaped(piece: bytes, special: bytes) -> bytes:
    for plain, escaped in _ESCAPES:
        if plain in special:
            piece = piece.replace(plain, escaped)
    if special.isascii():
        return piece
    try:
        text = piece.decode()
    except UnicodeDecodeError:  # each wrong byte becomes one mark, as in Go; Python's "replace" would take runs of them
        text = _WRONG.sub("\ufffd", piece.decode("utf-8", "surrogateescape"))
    for separator, escape in _SEPARATORS:
        text = text.replace(separator, escape)
    return text.encode()


def cut(text: bytes, at_least: int) -> int:
    """Where the entry that reaches offset `at_least` of encoded `text` ends."""
    end = text.find(b"\n", max(at_least - 1, 0)) + 1
    return end or len(text)


def entries(text: bytes) -> Iterator[Entry]:
    """The entries in `text`, which is whole lines; a line that is no entry is passed over."""
    found = _ENTRY.findall(text)
    quick = []
    try:
        if len(found) != text.count(b"\n"):
            raise ValueError("there is something unusual in it")
        last, time = b"", 0
        for line, stream, stamp in found:
            if stamp != last:
                last, time = stamp, parse_time(stamp.decode())
            plain = line.count(b"\\") == line.count(b"\\n")
            written = line.replace(b"\\n", b"\n") if plain else _bytes(json.loads(b'"%s"' % line))
            quick.append(Entry(time, stream.decode(), written))
    except ValueError:
        yield from _slowly(text)
    else:
        yield from quick


def _slowly(text: bytes) -> Iterator[Entry]:
    """The same for entries in which anything but the usual stands."""
    for line in text.splitlines():
        try:
            values = json.loads(line)
            yield Entry(
                parse_time(values["time"]), values["stream"], _bytes(values.get("log", "")), values.get("attrs") or {}
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def payloads(text: bytes) -> Iterator[tuple[str, bytes]]:
    """What was written, by stream and in order, that the whole lines `text` tell of; neighbours are put together."""
    for stream, border in _BORDERS.items():
        if b'","stream":"%s"' % stream.encode() not in text[:20_000] or not text.startswith(_HEAD):
            continue
        body, count = border.subn(b"", text)
        if count == text.count(b"\n"):
            try:
                payload = _unescaped(body[len(_HEAD) :])
            except ValueError:
                break
            yield stream, payload
            return
    yield from merged(entries(text))


def whole(text: bytes) -> int:
    """The length of the whole entries at the beginning of `text`."""
    return text.rfind(b"\n") + 1


def last_end(read: Callable[[int, int], bytes], size: int) -> int:
    """Where the last whole entry ends in a file of `size` bytes: one may just be being written.  `read(begin, end)`."""
    end = size
    while end > 0:
        begin = max(0, end - 65536)
        if newline := read(begin, end).rfind(b"\n") + 1:
            return begin + newline
        end = begin
    return 0


def last(text: bytes, wanted: int, final: bool) -> tuple[int, int]:
    """How many of the `wanted` last entries lie in `text`, and where the first of them begins.

    `text` ends with an entry's end; where it is not `final`, what comes before its first newline belongs to an entry
    that begins further ahead, and does not count.
    """
    found, position = 0, len(text)
    while found < wanted and position > 0:
        newline = text.rfind(b"\n", 0, position - 1)
        if newline < 0 and not final:
            break
        position = newline + 1
        found += 1
    return found, position


def _unescaped(body: bytes) -> bytes:
    backslashes = body.count(b"\\")
    if backslashes == body.count(b"\\n"):
        return body.replace(b"\\n", b"\n")
    return _bytes(json.loads(b'"%s"' % body))


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def parse_time(text: str) -> int:
    """RFC 3339 to nanoseconds since the epoch; ValueError where it is not that."""
    seconds, rest = _seconds(text[:19]), text[19:]
    fraction = 0
    if rest[:1] == ".":
        digits = len(rest) - len(rest[1:].lstrip("0123456789")) - 1
        fraction = int(rest[1 : 1 + digits][:9].ljust(9, "0"))
        rest = rest[1 + digits :]
    if rest not in ("Z", "z"):
        hours, minutes = rest[1:].split(":")
        sign = {"+": 1, "-": -1}[rest[0]]
        seconds -= sign * (int(hours) * 3600 + int(minutes) * 60)
    return seconds * 1_000_000_000 + fraction


@functools.lru_cache(maxsize=64)
def _seconds(text: str) -> int:
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    if text[4] != "-" or text[10] not in "Tt " or not 1 <= month <= 12:
        raise ValueError(f"not a time: {text}")
    return calendar.timegm((year, month, day, int(text[11:13]), int(text[14:16]), int(text[17:19])))
