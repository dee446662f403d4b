"""Login: does a registry take these credentials?  Used by the daemon's service of registry queries."""

from urllib.parse import urlsplit

from pydock.errors import InvalidParameter, PydockError, System
from pydock.imagestore.reference import DEFAULT_DOMAIN, LEGACY_DOMAIN
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.faults import classified
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.reach import first
from pydock.imagestore.registry.session import Session


def domain_of(server: str) -> str:
    """The domain that a server address (``https://host/v1/``, ``host:port``, "" for docker.io) speaks of."""
    address = server if server.startswith(("https://", "http://")) else f"https://{server}"
    try:
        host = urlsplit(address).netloc if server else DEFAULT_DOMAIN
    except ValueError:
        host = ""
    # urlsplit passes over line ends, so the text is looked at as it came
    if not host or "@" in host or not server.isascii() or not server.isprintable() or " " in server:
        raise InvalidParameter(f"unable to parse server address: {server[:200]!r}")
    return DEFAULT_DOMAIN if host == LEGACY_DOMAIN else host


def login(credentials: Credentials, options: RegistryOptions, cancellation: Cancellation) -> str:
    """Try the credentials; return the token to keep in place of the password, "" for none.  Blocks."""

    def attempt(session: Session, inner: Cancellation) -> str:
        with session.request("GET", "/v2/") as answer:
            if answer.status != 200:
                url = f"{session.endpoint.url}/v2/"
                raise System(f"login attempt to {url} failed with status: {answer.status} {answer.reason}")
        return session.identity_token

    try:
        return first(domain_of(credentials.server), credentials, options, cancellation, attempt, mirrors=False)
    except PydockError as error:
        cancellation.check()
        raise classified(error) from error
