"""Search, over a registry's v1 search API.  Used by the daemon's service of registry queries."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydock.errors import InvalidParameter, System
from pydock.imagestore import image_config
from pydock.imagestore.reference import DEFAULT_DOMAIN, LEGACY_DOMAIN, OFFICIAL_PREFIX
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import NOBODY, Credentials
from pydock.imagestore.registry.endpoints import Endpoint, is_insecure
from pydock.imagestore.registry.faults import Unreachable
from pydock.imagestore.registry.options import RegistryOptions
from pydock.imagestore.registry.session import Session
from pydock.imagestore.registry.transport import Transport

DEFAULT_LIMIT = 25
MAX_LIMIT = 100
MAX_ANSWER = 4 << 20


@dataclass(frozen=True, slots=True)
class Result:
    """A repository that was found."""

    name: str
    description: str
    stars: int
    official: bool


def search(
    term: str, limit: int, credentials: Credentials, options: RegistryOptions, cancellation: Cancellation
) -> list[Result]:
    """Ask the registry that `term` names (docker.io where it names none) for `term`.  Blocks."""
    if term.startswith(("http://", "https://")):
        raise InvalidParameter(f"invalid repository name: repository name ({term}) should not have a scheme")
    domain, name = _split(term)
    limit = limit or DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidParameter(f"limit {limit} is outside the range of [1, {MAX_LIMIT}]")
    query = urlencode({"q": name, "n": limit})
    with Transport(options, cancellation, client=credentials.client) as transport:
        # a search needs no credentials; a token alone is no use to the v1 API
        endpoint = _endpoint(domain, options, transport)
        session = Session(endpoint, transport, credentials if credentials.named else NOBODY)
        return _ask(session, f"/v1/search?{query}", domain)


def _endpoint(domain: str, options: RegistryOptions, transport: Transport) -> Endpoint:
    """Where the registry answers, whatever it answers; InvalidParameter where it does not."""
    if domain == DEFAULT_DOMAIN:
        return Endpoint(f"https://{LEGACY_DOMAIN}")
    insecure = is_insecure(domain, options)
    failures = []
    for scheme in ("https", "http") if insecure else ("https",):
        endpoint = Endpoint(f"{scheme}://{domain}")
        try:
            Session(endpoint, transport).request("GET", "/v1/_ping").close()
            return endpoint
        except Unreachable as error:
            failures.append(error.message)
    if insecure:
        raise InvalidParameter(
            f'invalid registry endpoint "http://{domain}/v1/". HTTPS attempt: {failures[0]}. '
            f"HTTP attempt: {failures[1]}"
        )
    raise InvalidParameter(
        f"invalid registry endpoint https://{domain}/v1/: {failures[0]}. If this private registry supports only HTTP "
        f"or HTTPS with an unknown CA certificate, please add `--insecure-registry {domain}` to the daemon's "
        "arguments. In the case of HTTPS, if you have access to the registry's CA certificate, no need for the flag; "
        f"simply place the CA certificate at /etc/docker/certs.d/{domain}/ca.crt"
    )


def _ask(session: Session, path: str, domain: str) -> list[Result]:
    with session.request("GET", path, headers={"X-Docker-Token": "true"}) as answer:
        if answer.status == 404:
            raise System(f"registry {domain} has no search: Unexpected status code 404")
        if answer.status != 200:
            raise System(f"Unexpected status code {answer.status}")
        body = answer.read(MAX_ANSWER)
    try:
        value = image_config.parse_json(body, "search")
    except InvalidParameter:
        value = None
    found = value.get("results") if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise System(f"registry {domain} answered the search with something that is no result")
    return [_result(entry) for entry in found if isinstance(entry, dict)][:MAX_LIMIT]


def _split(term: str) -> tuple[str, str]:
    first, slash, rest = term.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        if first not in (DEFAULT_DOMAIN, LEGACY_DOMAIN):
            return first, rest
        term = rest
    return DEFAULT_DOMAIN, term.removeprefix(OFFICIAL_PREFIX)


def _result(entry: dict[str, Any]) -> Result:
    stars = entry.get("star_count")
    return Result(
        str(entry.get("name") or ""),
        str(entry.get("description") or ""),
        stars if isinstance(stars, int) else 0,
        entry.get("is_official") is True,
    )
