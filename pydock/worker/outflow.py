"""Bytes on their way out, gathered so that many small things cost one call.

Used by `tar_writer` and `assemble`.
"""

import os
from collections.abc import Callable
from typing import Final

CHUNK: Final = 1 << 20


class Outflow:
    """Gathers what is put into it and hands it on to `write`, which may keep what it gets."""

    def __init__(self, write: Callable[[memoryview], object]) -> None:
        self._write = write
        self._block = memoryview(bytearray(CHUNK))
        self._have = 0

    def put(self, data: bytes) -> None:
        """Append `data`."""
        if self._have + len(data) > CHUNK:
            self.flush()
            if len(data) > CHUNK:
                self._write(memoryview(data))
                return
        end = self._have + len(data)
        self._block[self._have : end] = data
        self._have = end

    def file(self, descriptor: int, offset: int, size: int) -> int:
        """Append `size` bytes of a file from `offset` on; return how many there were."""
        done = 0
        while done < size:
            if self._have == CHUNK:
                self.flush()
            room = self._block[self._have : self._have + size - done]
            if not (count := os.preadv(descriptor, [room], offset + done)):
                break
            done += count
            self._have += count
        return done

    def flush(self) -> None:
        """Hand on what was gathered."""
        if self._have:
            self._write(self._block[: self._have])
            self._block = memoryview(bytearray(CHUNK))
            self._have = 0


def write_all(descriptor: int, data: memoryview | bytes) -> None:
    """write(2) until all is written."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def send_file(target: int, descriptor: int, offset: int, size: int) -> int:
    """sendfile(2) until `size` bytes are sent or the file ends; return how many were."""
    done = 0
    while done < size and (sent := os.sendfile(target, descriptor, offset + done, size - done)):
        done += sent
    return done
