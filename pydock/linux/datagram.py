"""Datagrams with descriptors beside them: sendmsg(2) and recvmsg(2) on SOCK_SEQPACKET, SCM_RIGHTS.

The processes of the engine talk over these sockets.  A text too long for one datagram travels in a memory file, and
descriptors too many for one datagram (SCM_MAX_FD) in datagrams of their own before it; who sends on a socket from
several threads must hold a lock.
"""

import array
import os
import socket
from _socket import socket as Socket  # the C type: what the module `socket` puts around it touches many more pages
from _socket import socketpair
from collections.abc import Sequence
from socket import (
    AF_UNIX,
    CMSG_SPACE,
    MSG_CMSG_CLOEXEC,
    MSG_CTRUNC,
    MSG_DONTWAIT,
    MSG_NOSIGNAL,
    MSG_TRUNC,
    SCM_RIGHTS,
    SOCK_SEQPACKET,
    SOL_SOCKET,
)
from typing import Final

#: the longest text sent as it is, in bytes: far below the smallest usual socket buffer
LONGEST: Final = 64 * 1024
#: the longest text taken from a memory file, in bytes
LONGEST_IN_FILE: Final = 64 * 1024 * 1024
#: how many descriptors the kernel lets one datagram carry
_MAX_DESCRIPTORS: Final = 253
_IN_FILE: Final = b"\0"
_MORE_DESCRIPTORS: Final = b"\1"
# plain numbers: calculating with the module's enumerations is slow and touches much
_FAMILY, _KIND = int(AF_UNIX), int(SOCK_SEQPACKET)
_CLOEXEC, _NOSIGNAL, _NOT_WAITING = int(MSG_CMSG_CLOEXEC), int(MSG_NOSIGNAL), int(MSG_DONTWAIT)
_CUT = int(MSG_TRUNC) | int(MSG_CTRUNC)
_ROOM = CMSG_SPACE(4 * _MAX_DESCRIPTORS)


def pair() -> tuple[socket.socket, socket.socket]:
    """socketpair(2): two connected ends."""
    return socket.socketpair(AF_UNIX, SOCK_SEQPACKET)


def bare_pair() -> tuple[Socket, Socket]:
    """The same as C's objects, for a process that should touch little."""
    return socketpair(_FAMILY, _KIND)


def send(sock: Socket, text: bytes, fds: Sequence[int] = ()) -> None:
    """Send `text` (whose first byte is not 0 or 1) with copies of `fds`; OSError as sendmsg(2) has it."""
    if len(text) <= LONGEST and len(fds) <= _MAX_DESCRIPTORS:
        _send(sock, text, fds)
        return
    while len(fds) > _MAX_DESCRIPTORS - 1:
        _send(sock, _MORE_DESCRIPTORS, fds[:_MAX_DESCRIPTORS])
        fds = fds[_MAX_DESCRIPTORS:]
    if len(text) <= LONGEST:
        _send(sock, text, fds)
        return
    file = os.memfd_create("datagram", os.MFD_CLOEXEC)
    try:
        view = memoryview(text)
        while view:
            view = view[os.write(file, view) :]
        _send(sock, _IN_FILE, [file, *fds])
    finally:
        os.close(file)


def receive(sock: Socket, flags: int = 0) -> tuple[bytes, list[int]]:
    """Wait for a datagram: its text and descriptors (close-on-exec; the caller owns them); b"" at the end."""
    fds: list[int] = []
    try:
        while True:
            text, more, message_flags, _ = sock.recvmsg(LONGEST + 1, _ROOM, flags | _CLOEXEC)
            for level, kind, data in more:
                if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
                    numbers = array.array("i")
                    numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
                    fds.extend(numbers)
            if message_flags & _CUT:
                raise ConnectionError("a datagram came cut off")
            if text == _IN_FILE and fds:
                return _from_file(fds.pop(-len(numbers))), fds
            if text != _MORE_DESCRIPTORS:
                return text, fds
            flags &= ~_NOT_WAITING  # what these descriptors belong to is on its way
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise


def _send(sock: Socket, text: bytes, fds: Sequence[int]) -> None:
    rights = [(SOL_SOCKET, SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([text], rights, _NOSIGNAL)


def _from_file(file: int) -> bytes:
    try:
        size = os.fstat(file).st_size
        if size > LONGEST_IN_FILE:
            raise ConnectionError("a datagram is too long")
        return os.pread(file, size, 0)
    finally:
        os.close(file)
