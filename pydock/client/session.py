"""The other transport: `requests`, for daemons over TCP that an HTTP proxy stands before.

Everything else goes over sockets of our own (`wire`), which cost less to load and copy; an upgraded connection can't
pass an HTTP proxy and is made directly too, as Go's client does.  Called by `engine.Engine`.
"""

from collections.abc import Iterable, Iterator, Mapping
from urllib.request import getproxies, proxy_bypass

import requests
import requests_unixsocket

from pydock.client.address import Address
from pydock.client.wire import READ_SIZE, Headers, unreachable
from pydock.errors import PydockError, System

Body = bytes | Iterable[bytes] | int | None


def needed(address: Address) -> bool:
    """Whether a proxy stands between us and the daemon."""
    if address.scheme == "unix" or proxy_bypass(address.host):
        return False
    return bool(getproxies().get("https" if address.tls else "http"))


class SessionResponse:
    """An answer, with the face of `wire.Response`."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers = Headers({name.lower(): value for name, value in answer.headers.items()})
        self.finished = self.reusable = False

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes."""
        try:
            while data := self._answer.raw.read1(READ_SIZE, decode_content=True):
                yield data
        except (requests.RequestException, OSError) as error:
            raise System(f"unexpected EOF: {error}") from error
        self.finished = True

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks())

    def close(self) -> None:
        """Give up the rest of the body."""
        self._answer.close()


class Session:
    """Requests to one daemon, over whatever `requests` finds the way to."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._session = requests_unixsocket.Session()
        if address.scheme == "unix":
            self._base = "http+unix://" + address.path.replace("%", "%25").replace("/", "%2F")
        else:
            self._base = f"{'https' if address.tls else 'http'}://{_host(address)}"
        if address.tls:
            tls = address.tls
            self._session.verify = (tls.ca or True) if tls.verify else False
            self._session.cert = (tls.certificate, tls.key) if tls.certificate else None

    def exchange(self, method: str, target: str, headers: Mapping[str, str], body: Body) -> SessionResponse:
        """Send a request and read the answer's head."""
        data = open(body, "rb", closefd=False) if isinstance(body, int) else body  # noqa: SIM115
        own = {name: value for name, value in headers.items() if name != "Host"}
        try:
            answer = self._session.request(
                method, self._base + target, headers=own, data=data, stream=True, allow_redirects=False
            )
        except requests.RequestException as error:
            raise self._translated(error) from error
        return SessionResponse(answer)

    def _translated(self, error: requests.RequestException) -> PydockError:
        if isinstance(error, requests.exceptions.SSLError):
            return System(f"error during connect: {error}")
        return unreachable(self._address, OSError(str(error)))

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()


def _host(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"
