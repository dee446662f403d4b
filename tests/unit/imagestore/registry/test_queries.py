"""Login, search and inspection: questions to registries that move no image."""

import json

import pytest

from pydock.errors import InvalidParameter, NotFound, PydockError, System, Unauthorized
from pydock.imagestore import reference
from pydock.imagestore.platforms import Platform
from pydock.imagestore.registry import inspection, login, search
from pydock.imagestore.registry.cancellation import Cancellation
from pydock.imagestore.registry.credentials import NOBODY, Credentials
from pydock.imagestore.registry.options import RegistryOptions
from tests.unit.imagestore.registry.faulty_registry import FaultyRegistry, Handler
from tests.unit.imagestore.registry.made_images import digest_of, make_image, make_index

OPTIONS = RegistryOptions()


def log_in(server: str, user: str, password: str) -> str:
    return login.login(Credentials(user, password, server=server), OPTIONS, Cancellation())


def test_login_with_basic_auth(registry: FaultyRegistry) -> None:
    registry.user = ("me", "secret")
    assert log_in(registry.host, "me", "secret") == ""
    assert log_in(f"{registry.url}/v2/", "me", "secret") == ""
    with pytest.raises(System, match=r"login attempt to .* failed with status: 401 Unauthorized"):
        log_in(registry.host, "me", "wrong")
    with pytest.raises(System, match="no basic auth credentials"):
        log_in(registry.host, "", "")


def test_errors_and_tokens_are_read_whatever_the_case_of_their_keys(registry: FaultyRegistry) -> None:
    registry.token_server = f"{registry.url}/token"
    registry.on("GET", "/token", lambda handler: handler.answer(200, b'{"Token":"good","Refresh_Token":"again"}'))
    assert log_in(registry.host, "me", "secret") == "again"
    body = b'{"Errors":[{"Code":"UNAUTHORIZED","MESSAGE":"not you"}]}'
    registry.hooks.clear()
    registry.on("GET", "/token", lambda handler: handler.answer(401, body, {"Content-Type": "application/json"}))
    with pytest.raises(Unauthorized, match="unauthorized: not you"):
        log_in(registry.host, "me", "secret")


def test_registries_are_told_who_asks(registry: FaultyRegistry) -> None:
    agents: list[str] = []

    def hear(handler: Handler) -> bool:
        agents.append(handler.headers["User-Agent"])
        return False

    registry.on("GET", "/", hear)
    asking = Credentials("me", "x", server=registry.host, client="Tool/1.0 (a;b\\c)\r\n\xe9" + "x" * 1000)
    login.login(asking, OPTIONS, Cancellation())
    with pytest.raises(System, match="has no search"):
        search.search(f"{registry.host}/app", 1, asking, OPTIONS, Cancellation())
    log_in(registry.host, "me", "x")
    client = r"Tool/1.0 \(a\;b\\c\)"
    assert agents[0].startswith(f"{OPTIONS.user_agent} UpstreamClient({client}xxx")
    assert len(agents[0]) < 400
    assert set(agents) == {agents[0], OPTIONS.user_agent}


def test_login_with_a_token_server_gives_an_identity_token(registry: FaultyRegistry) -> None:
    registry.token_server = f"{registry.url}/token"
    registry.user = ("me", "secret")
    assert log_in(registry.host, "me", "secret") == "again"
    assert "offline_token=true" in registry.requests("/token")[0]
    with pytest.raises(Unauthorized, match="incorrect username or password"):
        log_in(registry.host, "me", "wrong")


def test_an_identity_token_is_traded(registry: FaultyRegistry) -> None:
    registry.token_server = f"{registry.url}/token"
    registry.add("app", "1", make_image())
    name = reference.parse(f"{registry.host}/app:1")
    inspection.inspect(name, Credentials("me", identity_token="again"), OPTIONS, Cancellation())
    assert registry.requests("POST /token")
    inspection.inspect(name, Credentials(registry_token="good"), OPTIONS, Cancellation())


@pytest.mark.parametrize(
    ("server", "domain"),
    [
        ("", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("localhost:5000", "localhost:5000"),
        ("http://host/v2/", "host"),
    ],
)
def test_server_addresses(server: str, domain: str) -> None:
    assert login.domain_of(server) == domain


@pytest.mark.parametrize("server", ["ht tp://", "https://", "a\nb", "me@host", "http://[::1"])
def test_server_addresses_that_are_none(server: str) -> None:
    with pytest.raises(InvalidParameter, match="unable to parse server address"):
        login.domain_of(server)


def find(term: str, limit: int = 0) -> list[search.Result]:
    return search.search(term, limit, NOBODY, OPTIONS, Cancellation())


def test_search(registry: FaultyRegistry) -> None:
    entry = {"name": "app", "description": "an app", "star_count": 7, "is_official": True}
    found = json.dumps({"results": [entry, {"name": None, "star_count": "x"}, 3]}).encode()
    registry.on("GET", "/v1/search", lambda request: request.answer(200, found))
    assert find(f"{registry.host}/app") == [
        search.Result("app", "an app", 7, True),
        search.Result("", "", 0, False),
    ]
    assert [line for line, _ in registry.seen] == ["GET /v1/_ping", "GET /v1/search?q=app&n=25"]


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"results": 1}', b"[" * 100_000])
def test_search_answers_that_are_none(registry: FaultyRegistry, answer: bytes) -> None:
    registry.on("GET", "/v1/search", lambda request: request.answer(200, answer))
    with pytest.raises(System, match="no result"):
        find(f"{registry.host}/app")


def test_a_registry_without_search(registry: FaultyRegistry) -> None:
    with pytest.raises(System, match=f"registry {registry.host} has no search"):
        find(f"{registry.host}/app")
    with pytest.raises(InvalidParameter) as refused:
        find("127.0.0.1:1/app")
    why = "dial tcp 127.0.0.1:1: connect: connection refused"
    assert refused.value.message == (
        'invalid registry endpoint "http://127.0.0.1:1/v1/". '
        f'HTTPS attempt: Get "https://127.0.0.1:1/v1/_ping": {why}. '
        f'HTTP attempt: Get "http://127.0.0.1:1/v1/_ping": {why}'
    )
    nowhere = f"No{'x' * 64}.invalid"  # no name server is asked for that
    with pytest.raises(InvalidParameter) as refused:
        find(f"{nowhere}/app")
    assert refused.value.message.startswith(
        f'invalid registry endpoint https://{nowhere}/v1/: Get "https://{nowhere}/v1/_ping": dial tcp: lookup {nowhere}'
    )
    assert f"please add `--insecure-registry {nowhere}` to the daemon's arguments" in refused.value.message


def test_what_is_told_of_a_host_with_several_addresses() -> None:
    with pytest.raises(
        System, match=r'"http://LOCALHOST:1/v2/": dial tcp (127\.0\.0\.1|\[::1\]):1: connect: connection'
    ):
        log_in("LOCALHOST:1", "me", "secret")


@pytest.mark.parametrize(("term", "limit"), [("http://x/y", 0), ("x", 101), ("x", -1)])
def test_searches_that_are_none(term: str, limit: int) -> None:
    with pytest.raises(InvalidParameter):
        find(term, limit)


def test_inspects_images_and_indexes(registry: FaultyRegistry) -> None:
    image = make_image(oci=True)
    registry.add("app", "1", image)
    found = inspection.inspect(reference.parse(f"{registry.host}/app:1"), NOBODY, OPTIONS, Cancellation())
    assert found.descriptor.wire() == {
        "mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest),
    }  # fmt: skip
    assert found.platforms == (Platform("linux", "amd64"),)
    content, media_type = make_index([image.entry(os="linux", architecture="arm", variant="v7"), image.entry()])
    registry.add_manifest("app", "2", content, media_type)
    found = inspection.inspect(reference.parse(f"{registry.host}/app:2"), NOBODY, OPTIONS, Cancellation())
    assert found.descriptor.digest == digest_of(content)
    assert found.platforms == (Platform("linux", "arm", "v7"),)
    with pytest.raises(NotFound, match="manifest unknown: manifest unknown"):
        inspection.inspect(reference.parse(f"{registry.host}/app:3"), NOBODY, OPTIONS, Cancellation())
    with pytest.raises(PydockError):
        inspection.inspect(reference.parse("127.0.0.1:1/app:3"), NOBODY, OPTIONS, Cancellation())


@pytest.mark.parametrize("server", ["..", "a..b", "x" * 64 + ".y"])
def test_login_to_what_is_no_host_name(server: str) -> None:
    with pytest.raises(System, match="no such host"):
        log_in(server, "me", "secret")
