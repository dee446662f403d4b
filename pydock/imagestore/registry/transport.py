"""HTTP to registries: connections that are reused, go through proxies, wait for bounded times and can be broken off.

One `Transport` an operation, used by its threads.  It knows neither credentials nor redirects: see `session`.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from pydock.errors import InvalidParameter
from pydock.imagestore.registry import certificates, faults
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from pydock.imagestore.registry.endpoints import is_insecure
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.proxies import proxy_for

#: seconds until a connection stands, and until a silent one is given up
CONNECT_TIMEOUT = 30.0
SILENCE_TIMEOUT = 60.0
#: of an answer: as many as Go takes before the one that counts
_MAX_HEADS = 6
#: of a client's name, in characters
_MAX_CLIENT = 256
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Body(Protocol):
    """A request's body that is read while it is sent."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads: two with the same value share credentials and connections."""

    scheme: str
    host: str
    port: int
    netloc: str


def address_of(url: str) -> Address:
    """Take `url` apart; InvalidParameter where it is none that is ever asked for."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise InvalidParameter(f"invalid URL: {url[:200]!r}") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidParameter(f"unsupported protocol scheme {parts.scheme[:20]!r}")
    if not parts.hostname or "@" in parts.netloc or not url.isascii() or any(c <= " " or c == "\x7f" for c in url):
        raise InvalidParameter(f"invalid URL: {url[:200]!r}")
    # as it was written: it is shown, and looked up, like that
    place = parts.netloc.lower().find(parts.hostname)
    return Address(parts.scheme, parts.netloc[place : place + len(parts.hostname)], port, parts.netloc)


class Answer:
    """An answer whose body is still to be read.  A context manager; its connection is used again if it can be."""

    def __init__(self, response: http.client.HTTPResponse, release: Callable[[bool], None], request: str) -> None:
        self._response = response
        self._release = release
        self._request = request
        #: where it came from, after all redirects
        self.url = request.partition(" ")[2]
        self.status = response.status
        self.reason = response.reason
        #: bytes of the body; None where that is not known
        self.length = None if response.chunked else response.length
        self._left = self.length

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def header(self, name: str) -> str:
        """The value of a header, "" where there is none."""
        return self._response.headers.get(name) or ""

    def headers(self, name: str) -> list[str]:
        """Every value of a header."""
        return self._response.headers.get_all(name) or []

    def readinto(self, view: memoryview) -> int:
        """Fill `view` with what there is, at least a byte, and return how much; 0 at the end."""
        if self._left == 0:
            return 0
        try:
            if self._left is None:
                data = self._response.read1(len(view))
                view[: len(data)] = data
                return len(data)
            assert self._response.fp is not None
            count = int(self._response.fp.readinto1(view[: min(len(view), self._left)]))
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            raise self._broken(error) from None
        if not count:
            raise self._broken(EOFError())
        self._left -= count
        return count

    def read(self, limit: int) -> bytes:
        """The whole body; InvalidParameter where it is longer than `limit` bytes."""
        data = bytearray()
        buffer = memoryview(bytearray(min(limit + 1, 64 << 10)))
        while count := self.readinto(buffer):
            data += buffer[:count]
            if len(data) > limit:
                raise InvalidParameter(f"{self._request}: the answer is longer than {limit} bytes")
        return bytes(data)

    def close(self) -> None:
        """Have done with the answer."""
        whole = self._left == 0 or self._response.isclosed()
        with contextlib.suppress(OSError):
            self._response.close()
        self._release(whole and not self._response.will_close)

    def _broken(self, error: Exception) -> faults.Unreachable:
        method, _, url = self._request.partition(" ")
        return faults.of_os_error(method, url, error)


class _Response(http.client.HTTPResponse):
    """An answer that begins in the end: the standard one skips heads that say "continue" for ever."""

    _heads = 0

    def _read_status(self) -> tuple[str, int, str]:
        self._heads += 1
        if self._heads > _MAX_HEADS:
            raise http.client.HTTPException("too many 1xx informational responses")
        status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        return status


class _Link:
    """A connection, registered with the cancellation for as long as it lives."""

    def __init__(self, connection: http.client.HTTPConnection, closing: contextlib.ExitStack, prefix: str) -> None:
        self.connection = connection
        self.closing = closing
        #: what stands before a request's path: the proxy wants to know the whole URL
        self.prefix = prefix
        self.headers: dict[str, str] = {}
        self.used = False

    def close(self) -> None:
        self.closing.close()


def _escaped(client: str) -> str:
    """A client's name as a comment in the engine's own, as Docker writes it."""
    shown = "".join(char for char in client[:_MAX_CLIENT] if " " <= char <= "~")
    return "".join(f"\\{char}" if char in "();\\" else char for char in shown)


class Transport:
    """Connections to registries, made as they are needed.  A context manager; may be used by several threads."""

    def __init__(
        self,
        options: RegistryOptions,
        cancellation: Cancellation,
        silence: float = SILENCE_TIMEOUT,
        client: str = "",
    ) -> None:
        self._options = options
        self._agent = options.user_agent + (f" UpstreamClient({_escaped(client)})" if client else "")
        self._cancellation = cancellation
        self._silence = silence
        self._lock = threading.Lock()
        self._idle: dict[Address, list[_Link]] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._closed = False

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *details: object) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, {}
        for links in idle.values():
            for link in links:
                link.close()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | Body | None = None) -> Answer:
        """Send one request and return the answer's head; Unreachable where that fails, Cancelled when broken off."""
        address = address_of(url)
        path = _path(url)
        while True:
            self._cancellation.check()
            link = self._take(address) or self._connect(method, url, address)
            try:
                sent = {"Host": address.netloc, "User-Agent": self._agent, **link.headers, **headers}
                link.connection.request(method, link.prefix + path, body=body, headers=sent)
                response = link.connection.getresponse()
            except (OSError, http.client.HTTPException, ValueError) as error:
                link.close()
                self._cancellation.check()
                if link.used and (body is None or isinstance(body, bytes)):
                    continue  # an idle connection that the server has closed meanwhile
                raise faults.of_os_error(method, url, _eof(error)) from None
            except BaseException:
                link.close()
                raise
            return Answer(response, partial(self._give_back, address, link), f"{method} {url}")

    def _take(self, address: Address) -> _Link | None:
        with self._lock:
            links = self._idle.get(address)
            return links.pop() if links else None

    def _give_back(self, address: Address, link: _Link, whole: bool) -> None:
        with self._lock:
            if whole and not self._closed and not self._cancellation.cancelled:
                link.used = True
                self._idle.setdefault(address, []).append(link)
                return
        link.close()

    def _connect(self, method: str, url: str, address: Address) -> _Link:
        proxy = proxy_for(address.scheme, address.host, address.port, self._options)
        with contextlib.ExitStack() as stack:
            dialled = ""
            try:
                target = (proxy.hostname or "", proxy.port or 80) if proxy else (address.host, address.port)
                dialled = _dialled(*target)
                sock = self._dial(target, stack)
                dialled = ""
                if proxy and address.scheme == "https":
                    _tunnel(sock, address, proxy)
                if address.scheme == "https":
                    sock = self._secure(sock, address, stack)
            except Cancelled:
                raise
            except OSError as error:
                self._cancellation.check()
                where = (
                    _lookup(target[0])
                    if isinstance(error, socket.gaierror)
                    else f" {error.filename or dialled}: connect"
                )
                raise faults.of_os_error(method, url, error, where if dialled else "") from None
            sock.settimeout(self._silence)
            connection = http.client.HTTPConnection(address.host, address.port)
            connection.response_class = _Response
            connection.sock = sock
            stack.callback(connection.close)
            link = _Link(connection, stack.pop_all(), "")
            if proxy and address.scheme == "http":
                link.prefix = f"http://{address.netloc}"
                link.headers = _proxy_authorization(proxy)
            return link

    def _dial(self, target: tuple[str, int], stack: contextlib.ExitStack) -> socket.socket:
        try:
            found = socket.getaddrinfo(*target, type=socket.SOCK_STREAM)
        except UnicodeError:  # labels that are too long, or empty
            raise socket.gaierror(socket.EAI_NONAME, "no such host") from None
        self._cancellation.check()
        failure: OSError = OSError("no address")
        for place, (family, kind, protocol, _, address) in enumerate(found):
            sock = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
            with contextlib.ExitStack() as mine:
                mine.callback(sock.close)
                # shutdown(2) wakes whoever connects, reads or writes; close(2) does not
                mine.enter_context(self._cancellation.closing(partial(_shut, sock)))
                sock.settimeout(CONNECT_TIMEOUT)
                try:
                    sock.connect(address)
                except OSError as error:
                    self._cancellation.check()
                    if not place:  # what is told is what happened first
                        failure, failure.filename = error, _dialled(str(address[0]), int(address[1]))
                    continue
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stack.push(mine.pop_all())
                return sock
        raise failure

    def _secure(self, sock: socket.socket, address: Address, stack: contextlib.ExitStack) -> ssl.SSLSocket:
        with self._lock:
            context = self._contexts.get(address.netloc)
        if context is None:
            verify = not is_insecure(address.netloc, self._options)
            context = certificates.context(address.netloc, self._options.certificates, verify)
            with self._lock:
                self._contexts[address.netloc] = context
        secured = context.wrap_socket(sock, server_hostname=address.host, do_handshake_on_connect=False)
        stack.callback(secured.close)
        # wrap_socket takes the descriptor over: what is to be shut now is the new object's
        stack.enter_context(self._cancellation.closing(partial(_shut, secured)))
        secured.do_handshake()
        return secured


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _dialled(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _lookup(host: str) -> str:
    """What was asked when a name was not found, as Go tells it: the first name server stands for all."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in Path("/etc/resolv.conf").read_text().splitlines():
            words = line.split()
            if len(words) > 1 and words[0] == "nameserver":
                return f": lookup {host} on {_dialled(words[1], 53)}"
    return f": lookup {host}"


def _shut(sock: socket.socket) -> None:
    # not SSLSocket's own shutdown, which takes the TLS state from under a reading thread
    socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _eof(error: Exception) -> Exception:
    if isinstance(error, http.client.RemoteDisconnected):
        return EOFError()
    return error


def _tunnel(sock: socket.socket, address: Address, proxy: SplitResult) -> None:
    target = _dialled(address.host, address.port)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    lines += [f"{name}: {value}" for name, value in _proxy_authorization(proxy).items()]
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    response = http.client.HTTPResponse(sock, method="CONNECT")
    try:
        response.begin()
        if response.status != 200:
            raise OSError(f"proxy refused the connection: {response.status} {response.reason}")
    except http.client.HTTPException as error:
        raise OSError(f"proxy: {type(error).__name__}") from None
    finally:
        response.close()


def _proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
