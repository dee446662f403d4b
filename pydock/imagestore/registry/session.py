"""Requests to one endpoint of a registry: who we are, tokens, redirects.

Credentials and tokens go to the endpoint itself, and credentials to the token server that it names, but never along
with a redirect to another host, and never to a mirror.  Used by `repository`, `login` and `search`.
"""

import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlencode, urljoin

from pydock.errors import InvalidParameter, Unauthorized
from pydock.imagestore.registry import challenges, faults
from pydock.imagestore.registry.challenges import Challenge
from pydock.imagestore.registry.credentials import NOBODY, Credentials
from pydock.imagestore.registry.endpoints import Endpoint
from pydock.imagestore.registry.tokens import Token, parse_token
from pydock.imagestore.registry.transport import Answer, Body, Transport, address_of

MAX_REDIRECTS = 10
MAX_TOKEN_ANSWER = 1 << 20
#: what the engine calls itself at token servers
CLIENT_ID = "docker"
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
#: the scopes of a request, as token servers write them
Scopes = tuple[str, ...]


class Session:
    """One endpoint as one user sees it; may be used by several threads."""

    def __init__(self, endpoint: Endpoint, transport: Transport, credentials: Credentials = NOBODY) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._credentials = NOBODY if endpoint.mirror else credentials
        self._address = address_of(endpoint.url)
        self._challenges: list[Challenge] = []
        self._tokens: dict[Scopes, Token] = {}
        self._lock = threading.Lock()
        #: what a token server gave in place of the password
        self.identity_token = ""

    def ping(self) -> None:
        """Find out whether the endpoint answers, and what it wants to know of us.

        Whatever else it answers is no matter, as in Docker: what passes on the requests for images only knows of no
        other path.
        """
        with self._follow("GET", f"{self.endpoint.url}/v2/", {}, None, None) as answer:
            if answer.status == 401 and self._is_ours(answer):
                self._challenges = challenges.parse(answer.headers("WWW-Authenticate"))

    def request(
        self,
        method: str,
        url: str,
        scopes: Scopes = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | Body | None = None,
    ) -> Answer:
        """Send a request (`url` absolute, or from the endpoint's root) as its user, and return whatever is answered.

        Redirects of GET and HEAD are followed.  A token that has run out is renewed once; for a body that can be read
        but once, with the request that comes next.
        """
        url = self.endpoint.url + url if url.startswith("/") else url
        answer = self._follow(method, url, headers or {}, body, scopes)
        if answer.status == 401 and self._is_ours(answer):
            asked = challenges.parse(answer.headers("WWW-Authenticate"))
            if asked and self._may_answer(asked, scopes):
                self._challenges = asked
                if body is not None and not isinstance(body, bytes):
                    return answer
                answer.close()
                answer = self._follow(method, url, headers or {}, body, scopes)
        return answer

    def _is_ours(self, answer: Answer) -> bool:
        """Whether the endpoint itself answers: another that it sent us to has no say in who gets our credentials."""
        return address_of(answer.url) == self._address

    def _may_answer(self, asked: list[Challenge], scopes: Scopes) -> bool:
        """Whether another try makes sense: there was no challenge before, or a token has run out."""
        with self._lock:
            token = self._tokens.pop(scopes, None)
        return not self._challenges or (token is not None and any(scheme == "bearer" for scheme, _ in asked))

    def _follow(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Body | None, scopes: Scopes | None
    ) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            sent = dict(headers)
            if scopes is not None and address_of(url) == self._address:
                sent |= self._authorization(method, url, scopes)
            answer = self._transport.send(method, url, sent, body)
            if answer.status not in _REDIRECTS or method not in ("GET", "HEAD"):
                return answer
            location = answer.header("Location")
            answer.close()
            url = self._redirected(url, location)
        raise faults.Unreachable(f'{method.capitalize()} "{url}": stopped after {MAX_REDIRECTS} redirects', final=True)

    def _redirected(self, url: str, location: str) -> str:
        target = urljoin(url, location).partition("#")[0]
        if not location:
            raise faults.Unreachable(f'"{url}": 301 response missing Location header', final=True)
        address_of(target)
        return target

    def _authorization(self, method: str, url: str, scopes: Scopes) -> dict[str, str]:
        if self._credentials.registry_token:
            return {"Authorization": f"Bearer {_header_safe(self._credentials.registry_token)}"}
        for scheme, parameters in self._challenges:
            try:
                if scheme == "bearer":
                    return {"Authorization": f"Bearer {self._token(parameters, scopes)}"}
                if scheme == "basic":
                    return self._basic()
            except faults.RegistryFault as fault:
                told = faults.RegistryFault(f'{method.capitalize()} "{url}": {fault.message}', fault.status)
                raise (Unauthorized(told.message) if fault.code == "UNAUTHORIZED" else told) from None
            except (Unauthorized, faults.NoCredentials) as error:
                raise type(error)(f'{method.capitalize()} "{url}": {error.message}') from None
        return {}

    def _basic(self) -> dict[str, str]:
        if not self._credentials.named:
            raise faults.NoCredentials("no basic auth credentials")
        pair = f"{self._credentials.username}:{self._credentials.password}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def _token(self, parameters: Mapping[str, str], scopes: Scopes) -> str:
        wanted = scopes or tuple(filter(None, [parameters.get("scope", "")]))
        with self._lock:
            known = self._tokens.get(scopes)
            if known is not None and time.monotonic() < known.until:
                return known.text
            token = self._fetch_token(parameters, wanted)
            _header_safe(token.text)
            self._tokens[scopes] = token
            self.identity_token = token.refresh or self.identity_token
            return token.text

    def _fetch_token(self, parameters: Mapping[str, str], scopes: Scopes) -> Token:
        realm = parameters.get("realm", "")
        if not realm:
            raise Unauthorized("no realm specified for token auth challenge")
        address = address_of(realm)
        mine = self._credentials
        if (mine.named or mine.identity_token) and address.scheme == "http" != self._address.scheme:
            raise Unauthorized(f"token server {address.netloc} has no TLS, the registry has: credentials withheld")
        service = [("service", parameters["service"])] if parameters.get("service") else []
        if mine.identity_token:
            fields = [*service, ("client_id", CLIENT_ID), ("scope", " ".join(scopes))]
            fields += [("grant_type", "refresh_token"), ("refresh_token", mine.identity_token)]
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._transport.send("POST", realm, form, urlencode(fields).encode())
        else:
            fields = service + [("scope", scope) for scope in scopes]
            if mine.named:
                fields += [("account", mine.username), ("client_id", CLIENT_ID), ("offline_token", "true")]
            url = realm + ("&" if "?" in realm else "?") + urlencode(fields)
            answer = self._ask_for_token(url, self._basic() if mine.named else {})
        with answer:
            if answer.status >= 300:
                raise fault_of(answer)
            return parse_token(answer.read(MAX_TOKEN_ANSWER))

    def _ask_for_token(self, url: str, basic: dict[str, str]) -> Answer:
        """Follow the token server's redirects; our credentials stay with the host that the registry named."""
        first = address_of(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._transport.send("GET", url, basic if address_of(url) == first else {})
            if answer.status not in _REDIRECTS:
                return answer
            answer.close()
            url = self._redirected(url, answer.header("Location"))
        raise faults.Unreachable(f'Get "{url}": stopped after {MAX_REDIRECTS} redirects', final=True)


def fault_of(answer: Answer) -> faults.RegistryFault:
    """Read the rest of an error answer and tell what it says."""
    asked = challenges.parse(answer.headers("WWW-Authenticate"))
    try:
        body = answer.read(faults.MAX_ERROR_BODY)
    except InvalidParameter:
        body = b""
    return faults.of_answer(answer.status, answer.reason, answer.header("Content-Type"), body, asked)


def _header_safe(token: str) -> str:
    if not token.isascii() or not token.isprintable() or len(token) > 64 << 10:
        raise Unauthorized("the token server gave a malformed token")
    return token
