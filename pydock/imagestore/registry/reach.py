"""Endpoints tried in turn until one serves: mirrors, then the registry; TLS, then plain HTTP where that may be.

Used by pull, push, login and distribution.
"""

from collections.abc import Callable
from typing import TypeVar

from pydock.errors import PydockError, System
from pydock.imagestore.registry.cancellation import Cancellation, Cancelled
from pydock.imagestore.registry.credentials import Credentials
from pydock.imagestore.registry.endpoints import endpoints
from pydock.imagestore.registry.faults import Unreachable
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.session import Session
from pydock.imagestore.registry.transport import Transport

T = TypeVar("T")


def first(
    domain: str,
    credentials: Credentials,
    options: RegistryOptions,
    cancellation: Cancellation,
    work: Callable[[Session, Cancellation], T],
    mirrors: bool = True,
) -> T:
    """Do `work` with the first endpoint of `domain` that serves.

    `work` gets a cancellation of its own, which ends with the whole.  What fails at a mirror is tried at the next
    endpoint; a registry that has spoken TLS is not asked without.
    """
    last: PydockError = System(f"no endpoints found for {domain}")
    has_tls = False
    for endpoint in endpoints(domain, options, mirrors):
        if has_tls and endpoint.url.startswith("http:"):
            continue
        with cancellation.child() as inner, Transport(options, inner, client=credentials.client) as transport:
            session = Session(endpoint, transport, credentials)
            try:
                session.ping()
            except Cancelled:
                raise
            except PydockError as error:
                last = error
                has_tls = has_tls or not (endpoint.mirror or isinstance(error, Unreachable))
                continue
            try:
                return work(session, inner)
            except PydockError as error:
                cancellation.check()
                if not endpoint.mirror:
                    raise
                last = error
    raise last
