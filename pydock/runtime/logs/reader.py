"""Reads a container's log: from the start, or the last N entries, then what is written meanwhile, across rotation.

The daemon's logs service and the shim's replay call this.  Nothing here waits for the container: a reader that has
given all there is gives more when it is asked again.
"""

from collections.abc import Iterator
from types import ModuleType

from pydock.errors import Unsupported
from pydock.runtime.logs import files, jsonfile, local
from pydock.runtime.logs.entry import Entry
from pydock.runtime.logs.files import LogFile
from pydock.runtime.messages import Log

_BLOCK = 1 << 18


def open_reader(
    log: Log, *, tail: int | None = None, since: int = 0, until: int = 0, until_now: bool = False
) -> "LogReader":
    """A reader for what `log` keeps; Unsupported where it keeps nothing that can be read.

    `tail`: begin with the last so many entries (None: all).  `since`, `until`: nanoseconds since the epoch, 0 for no
    limit; as in Docker, all that follows the first entry within `since` counts, whatever its time.  `until_now`: what
    is written after this call does not count.
    """
    if log.driver == "json-file":
        return LogReader(log.path, jsonfile, tail, since, until, until_now)
    path = log.path if log.driver == "local" else log.cache
    if not path:
        raise Unsupported("configured logging driver does not support reading")
    return LogReader(path, local, tail, since, until, until_now)


class LogReader:
    """Goes through the files of the log at `path`, whose format `codec` knows (`jsonfile` or `local`)."""

    def __init__(
        self,
        path: str,
        codec: ModuleType,
        tail: int | None = None,
        since: int = 0,
        until: int = 0,
        until_now: bool = False,
    ) -> None:
        self._path = path
        self._codec = codec
        self._since = since
        self._until = until
        self._files = files.open_all(path)
        if tail is not None:
            self._skip_to_last(tail)
        #: (file, offset) where reading ends, for a reader until now
        self._end = (self._files[-1], self._files[-1].size()) if until_now and self._files else None
        #: whether an entry beyond `until` was met: nothing more will come
        self.ended = until_now and not self._files

    def entries(self) -> Iterator[list[Entry]]:
        """What is there and was not given yet, some hundred entries at a time."""
        for text in self._chunks():
            yield list(self._codec.entries(text))

    def payloads(self) -> Iterator[list[tuple[str, bytes]]]:
        """The same without times and attributes: (stream, bytes), neighbours of one stream put together; faster."""
        for text in self._chunks():
            yield list(self._codec.payloads(text))

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
        self._files.clear()

    def __enter__(self) -> "LogReader":
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def _chunks(self) -> Iterator[bytes]:
        """Whole entries, within `since` and `until`."""
        while not self.ended:
            text = self._next()
            if not text:
                return
            if self._since or self._until:
                text = self._within(text)
            if text:
                yield text

    def _next(self) -> bytes:
        while self._files or self._follow():
            file = self._files[0]
            if not (self._since and 0 < file.last_time < self._since) and (text := self._read(file)):
                return text
            if len(self._files) == 1:
                if self._end:
                    self.ended = True
                    return b""
                if files.is_current(self._path, file.inode):
                    return b""
                newer = files.open_newer(self._path, file.inode)
                if text := self._read(file):  # written after the look above and before it was renamed
                    for other in newer:
                        other.close()
                    return text
                if not newer:
                    return b""
                self._files += newer
            self._files.pop(0).close()
        return b""

    def _follow(self) -> bool:
        self._files = files.open_all(self._path)
        return bool(self._files)

    def _read(self, file: LogFile) -> bytes:
        length = _BLOCK
        while text := file.read(length):
            if self._end and self._end[0] is file:
                text = text[: max(0, self._end[1] - file.position)]
            whole: int = self._codec.whole(text)
            if whole:
                file.position += whole
                return text[:whole]
            if len(text) < length:
                break
            length *= 2
        return b""

    def _within(self, text: bytes) -> bytes:
        if self._since:
            if self._time(text, self._codec.last(text, 1, True)[1]) < self._since:
                return b""
            begin = next(at for at in self._borders(text) if self._time(text, at) >= self._since)
            text = text[begin:]
            self._since = 0
        if self._until and self._time(text, self._codec.last(text, 1, True)[1]) > self._until:
            self.ended = True
            text = text[: next(at for at in self._borders(text) if self._time(text, at) > self._until)]
        return text

    def _borders(self, text: bytes) -> Iterator[int]:
        """Where each entry begins."""
        position = 0
        while position < len(text):
            yield position
            position += self._codec.cut(text[position : position + _BLOCK], 1)

    def _time(self, text: bytes, position: int) -> int:
        """The time of the entry at `position`; 0 where it is none."""
        end = position + self._codec.cut(text[position : position + _BLOCK], 1)
        return next((entry.time for entry in self._codec.entries(text[position:end])), 0)

    def _skip_to_last(self, wanted: int) -> None:
        """Have the files begin with the last `wanted` entries: blocks are read backwards from the end."""
        for index in range(len(self._files) - 1, -1, -1):
            file = self._files[index]
            wanted -= self._seek(file, wanted)
            if wanted <= 0:
                for older in self._files[:index]:
                    older.close()
                del self._files[:index]
                return

    def _seek(self, file: LogFile, wanted: int) -> int:
        end: int = self._codec.last_end(file.read_at, file.size())
        file.position = end
        found = 0
        length = _BLOCK
        while found < wanted and end > 0:
            begin = max(0, end - length)
            more, offset = self._codec.last(file.read_at(begin, end), wanted - found, begin == 0)
            if not more:
                if begin == 0:
                    break
                length *= 2
                continue
            found += more
            file.position = end = begin + offset
        return found
