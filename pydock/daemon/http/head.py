"""The heads of messages: a request's is checked and parsed, an answer's is written.

Called by the connection and the exchange.  A request's head goes through h11; what h11 tolerates and another reader of
the same bytes might read differently (a bare line feed, a folded line, two framings) is refused before or after it.
"""

import email.utils
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

import h11

from pydock.daemon.http.body import Body, ChunkedBody, SizedBody
from pydock.daemon.http.headers import Headers
from pydock.daemon.http.request import NEWEST
from pydock.daemon.http.status import reason

#: the longest head of a request, in bytes
LONGEST = 128 << 10
#: what the engine calls itself; clients take the system's name out of the brackets
SERVER = "Docker/0.1.0 (linux)"

_AMBIGUOUS = re.compile(rb"(?<!\r)\n|\r(?!\n)|\0|\r\n[ \t]")
_UNSAFE = re.compile(r"[\r\n\0]")
_fixed = ""


def declare(experimental: bool) -> None:
    """Say, in every answer from now on, whether the engine has its experimental features."""
    global _fixed
    features = "true" if experimental else "false"
    _fixed = f"Api-Version: {NEWEST}\r\nDocker-Experimental: {features}\r\nOstype: linux\r\nServer: {SERVER}\r\n"


declare(False)


class BadHead(Exception):
    """A head that is refused, with the status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Head:
    """A parsed head.  ``body`` reads the body, None where there is none; ``waiting``: the client wants a 100 first."""

    method: str
    target: str
    headers: Headers
    keep_alive: bool
    http_1_0: bool
    body: Body | None
    waiting: bool


def parse(data: bytes) -> Head:
    """Read a head, up to and with its empty line; BadHead where it is not strictly right."""
    if _AMBIGUOUS.search(data):
        raise BadHead(400, "malformed HTTP request")
    parser = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST)
    try:
        parser.receive_data(data)
        event = parser.next_event()
    except h11.RemoteProtocolError as error:
        raise BadHead(error.error_status_hint, "malformed HTTP request") from None
    if not isinstance(event, h11.Request):
        raise BadHead(400, "malformed HTTP request")
    if event.http_version not in (b"1.0", b"1.1"):
        raise BadHead(505, "HTTP version not supported")
    headers = Headers(event.headers)
    old = event.http_version == b"1.0"
    chunked = "transfer-encoding" in headers
    if chunked and (old or "content-length" in headers):
        raise BadHead(400, "malformed HTTP request: ambiguous framing")
    length = headers.get("content-length", "0")
    return Head(
        method=event.method.decode("ascii"),
        target=event.target.decode("ascii"),
        headers=headers,
        keep_alive=not old and "close" not in headers.tokens("connection"),
        http_1_0=old,
        body=ChunkedBody() if chunked else SizedBody(int(length)) if length.strip("0") else None,
        waiting=parser.they_are_waiting_for_100_continue,
    )


def status_line(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """The head of an answer, with the headers that every answer has."""
    parts = [f"HTTP/1.1 {status} {reason(status)}\r\n", _fixed, _date()]
    parts += [f"{name}: {_UNSAFE.sub(' ', value)}\r\n" for name, value in fields]
    parts.append("\r\n")
    return "".join(parts).encode("utf-8", "surrogateescape")


def upgrade_line(content_type: str, upgraded: bool, bare: bool) -> bytes:
    """The head of an answer after which the connection is a plain stream; ``bare``: that says nothing of the engine."""
    first = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n" if upgraded else "HTTP/1.1 200 OK\r\n"
    return f"{first}Content-Type: {content_type}\r\n{'' if bare else _fixed}\r\n".encode()


_dated = (0, "")


def _date() -> str:
    global _dated
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, f"Date: {email.utils.formatdate(now, usegmt=True)}\r\n")
    return _dated[1]
