"""Bodies of create requests that no client of Docker's own sends, the same on pydock and on a real Docker Engine."""

from typing import Any

from tests.clients.engines import Engine, Pair
from tests.clients.test_containers_against_docker import shown

BODIES: tuple[dict[str, Any], ...] = (
    {"MacAddress": "x"}, {"MacAddress": " "}, {"MacAddress": "x", "HostConfig": {"NetworkMode": "nope"}},
    {"MacAddress": "x", "HostConfig": {"NetworkMode": "host"}},
    {"NetworkingConfig": {"EndpointsConfig": {"nope": {"MacAddress": "x"}}}},
    {"Image": "@none", "HostConfig": {"SecurityOpt": ["x"]}},
    {"Image": "@none", "HostConfig": {"StorageOpt": {"a": "b"}}},
    {"HostConfig": {"Memory": 5, "StorageOpt": {"a": "b"}}},
    {"HostConfig": {"Links": ["@none"], "VolumesFrom": ["@none"]}},
    {"HostConfig": {"Links": ["@none"], "Mounts": [{"Type": "bind", "Source": "/@none", "Target": "/a"}]}},
    {"HostConfig": {"Links": ["@peer:x", "@peer:"]}}, {"HostConfig": {"Links": ["@peer:"]}},
)  # fmt: skip


def test_create_bodies(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @peer @box")
        seen: list[Any] = []
        for body in BODIES:
            made = on.api("POST", "/containers/create?name=@c", {"Image": "@box", **body})
            if made.status == 201:
                seen.append((body, made, shown(on, "c")))
                on.api("DELETE", "/containers/@c?v=1")
            else:
                seen.append((body, made))
        return seen

    pair.compare(scene)
