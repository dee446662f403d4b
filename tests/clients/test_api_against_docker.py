"""Bare requests to pydock and to a real Docker Engine: wrong paths, versions, parameters and bodies; both say the same.

Where Docker answers what a client got wrong with a 500, pydock answers 400 with the same words.
"""

import json
from typing import Any

from tests.clients.engines import Answer, Engine, Pair

GET = (
    "/nope", "/v1.50", "/v1.50/", "/vx/info", "/info/", "/v1.50/nope", "/containers",
    "/images/", "/exec/abc", "/exec/@no/json",
    # lists
    "/containers/json?limit=x", "/containers/json?filters=x", "/containers/json?filters=[]",
    '/containers/json?filters={"foo":["x"]}', '/containers/json?filters={"status":["x"]}',
    '/containers/json?filters={"exited":["x"]}', '/containers/json?filters={"health":["x"]}',
    '/containers/json?filters={"is-task":["x"]}', '/containers/json?filters={"before":["@no"]}',
    '/containers/json?filters={"publish":["x"]}', '/containers/json?filters={"publish":["1-x"]}',
    '/containers/json?filters={"since":[""]}', '/containers/json?filters={"publish":["90-80"]}',
    '/containers/json?filters={"publish":[""]}', '/containers/json?filters={"publish":["1/abc"]}',
    '/containers/json?filters={"before":["@no"],"expose":["x"]}',
    '/containers/json?filters={"health":["x"],"exited":["x"]}',
    '/containers/json?filters={"name":["a"],"label":{"a":true}}',
    '/containers/json?filters={"publish":["99999"]}', '/containers/json?filters={"expose":["x/abc"]}',
    '/images/json?filters={"foo":["x"]}', '/images/json?filters={"dangling":["x"]}',
    '/images/json?filters={"before":["@no"]}', '/images/json?filters={"until":["x"]}',
    '/images/json?filters={"reference":["["]}', "/images/search?term=x&limit=y", "/images/search?term=",
    '/networks?filters={"foo":["x"]}', '/networks?filters={"type":["x"]}', '/networks?filters={"dangling":["x"]}',
    '/volumes?filters={"foo":["x"]}', '/volumes?filters={"dangling":["x"]}', "/plugins?filters=x", "/plugins",
    '/plugins?filters={"foo":["x"]}', "/system/df?type=x", "/events?since=x", "/events?since=1.&until=2",
    '/plugins?filters={"enabled":["x"]}', "/volumes/", "/events?since=5&until=3",
    # one that is not there
    "/containers/@no/json", "/containers/@no/top", "/containers/@no/logs", "/containers/@no/logs?stdout=1",
    "/containers/@no/logs?stdout=1&since=x",
    "/containers/@no/changes", "/containers/@no/export", "/containers/@no/stats", "/containers/@no/archive",
    "/containers/@no/archive?path=/", "/containers/@no/attach/ws", "/images/@no/json", "/images/@no/history",
    "/images/@no/get", "/images/NO/json", "/networks/@no", "/networks/@no?verbose=x", "/volumes/@no",
    "/plugins/@no/json", "/distribution/NO/json",
    # no swarm
    "/swarm", "/swarm/unlockkey", "/nodes", "/nodes/x", "/services", "/services/x", "/tasks", "/tasks/x", "/secrets",
    "/secrets/x", "/configs", "/configs/x",
)  # fmt: skip
POST = (
    "/_ping", "/version", "/nope", "/build/cancel", "/build/cancel?id=x", "/build/prune?filters=x",
    '/build/prune?filters={"foo":["x"]}', '/build/prune?filters={"until":["x"]}',
    '/build/prune?filters={"label":["pdt"]}', '/build/prune?filters={"unused-for":["x"]}', "/commit",
    "/commit?container=@no",
    "/build/prune?keep-storage=x", '/build/prune?filters={"id":["a","b"]}', '/build/prune?filters={"":["a"]}',
    '/build/prune?filters={"until":["1h"],"unused-for":["1h"]}', "/images/load?platform=x", "/images/load?platform=[]",
    '/images/load?platform={"OS":1}',
    '/containers/prune?filters={"foo":["x"]}', '/containers/prune?filters={"until":["x"]}',
    '/images/prune?filters={"foo":["x"]}', '/images/prune?filters={"until":["x"]}',
    '/images/prune?filters={"dangling":["x"]}', '/networks/prune?filters={"foo":["x"]}',
    '/networks/prune?filters={"until":["x"]}', '/volumes/prune?filters={"foo":["x"]}',
    '/volumes/prune?filters={"all":["x"]}', "/images/@no/push", "/images/@no/tag?repo=a", "/images/@no/tag?repo=A",
    "/networks/create", "/networks/@no/connect", "/networks/@no/disconnect", "/containers/@no/start",
    "/containers/@no/stop", "/containers/@no/stop?t=x", "/containers/@no/stop?signal=x", "/containers/@no/restart",
    "/containers/@no/kill", "/containers/@no/kill?signal=x", "/containers/@no/pause", "/containers/@no/unpause",
    "/containers/@no/wait", "/containers/@no/wait?condition=x", "/containers/@no/resize",
    "/containers/@no/resize?h=1&w=2", "/containers/@no/resize?h=x&w=2", "/containers/@no/resize?h=-1&w=2",
    "/containers/@no/exec", "/containers/@no/attach?detachKeys=x-",
    "/containers/@no/update", "/containers/@no/rename", "/containers/@no/rename?name=x", "/exec/@no/start",
    "/exec/@no/resize", "/exec/@no/resize?h=1&w=1", "/swarm/leave", "/services/create", "/secrets/create",
    "/configs/create",
)  # fmt: skip
OTHER = (
    "DELETE /containers/@no", "DELETE /containers/", "DELETE /images/@no", "DELETE /images/", "DELETE /volumes/@no",
    "DELETE /volumes/@no?force=1", "DELETE /networks/@no", "DELETE /plugins/@no", "DELETE /_ping", "DELETE /nodes/x",
    "DELETE /services/x", "DELETE /secrets/x", "DELETE /configs/x", "PUT /volumes/@no", "PUT /volumes/@no?version=1",
    "PUT /containers/@no/archive?path=/", "PUT /networks/x", "PATCH /info", "FOO /info", "OPTIONS /info",
    "OPTIONS /nope", "HEAD /info", "HEAD /_ping", "HEAD /containers/@no/archive?path=/",
)  # fmt: skip


def _lenient(answer: Answer) -> Any:
    """Status and words; a 500 for what a client got wrong counts as 400."""
    return (400 if answer.status == 500 else answer.status), answer.value


def test_wrong_questions(pair: Pair) -> None:
    pair.compare(lambda on: {path: _lenient(on.api("GET", path)) for path in GET})


def test_wrong_orders(pair: Pair) -> None:
    pair.compare(lambda on: {path: _lenient(on.api("POST", path, {})) for path in POST})


def test_other_methods(pair: Pair) -> None:
    pair.compare(lambda on: {line: _lenient(on.api(*line.split())) for line in OTHER})


def test_create_wants_a_body(pair: Pair) -> None:
    bodies: tuple[Any, ...] = (None, {})
    pair.compare(lambda on: [_lenient(on.api("POST", "/containers/create", body)) for body in bodies])


def test_paths_that_are_not_clean_lead_to_those_that_are(pair: Pair) -> None:
    paths = ("//info", "/v1.50//info", "/containers//json", "/images/./json", "/x/../info?a=b", "/info/.", "/x//y/")
    pair.compare(lambda on: [(on.api("GET", path).status, on.headers("GET", path).get("Location")) for path in paths])


def test_a_version_that_is_too_new_is_refused(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        newest = on.headers("GET", "/_ping")["Api-Version"]
        answers = [on.api("GET", path) for path in ("/v1.99/info", "/v1.99/_ping", "/v9/info")]
        return [(answer.status, answer.value["message"].replace(newest, "<newest>")) for answer in answers]

    pair.compare(scene)


def test_every_way_to_a_builder_says_that_there_is_none(pydock_engine: Engine) -> None:
    for path in ("/build", "/session", "/grpc"):
        answer = pydock_engine.api("POST", path)
        assert (answer.status, answer.value["message"]) == (501, "building images is not supported by this engine")


ENDPOINTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("default", {}), ("default", {"@n": {}}), ("default", {"@n": {}, "bridge": {}}), ("bridge", {"@n": {}}),
    ("@n", {"bridge": {}}), ("@n", {"@n": {}, "bridge": {}}), ("none", {"@n": {}}), ("none", {"none": {}}),
    ("default", {"none": {}}), ("default", {"default": {}}), ("@n", {"@n": None}),
    ("default", {"bridge": {"Aliases": ["x"]}}),
)  # fmt: skip


def test_endpoints_tell_the_networks_and_the_mode_only_where_there_are_none(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("network create @n")
        seen: list[Any] = []
        for mode, endpoints in ENDPOINTS:
            body = {
                "Image": "@box", "Cmd": ["sleep", "60"], "HostConfig": {"NetworkMode": mode},
                "NetworkingConfig": {"EndpointsConfig": endpoints},
            }  # fmt: skip
            made = on.api("POST", "/containers/create?name=@c", body)
            if made.status != 201:
                seen.append(made)
                continue
            on.ok("start @c")
            found = on.inspect("container", "c")
            networks = {name: bool(one["IPAddress"]) for name, one in found["NetworkSettings"]["Networks"].items()}
            seen.append((found["HostConfig"]["NetworkMode"], networks))
            on.ok("rm -f @c")
        return seen

    pair.compare(scene)


def test_a_network_made_with_little_shows_what_docker_shows(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        for name, ipam in (("a", {}), ("b", {"IPAM": {}}), ("c", {"IPAM": {"Options": {}}}), ("d", {"IPAM": None})):
            assert on.api("POST", "/networks/create", {"Name": f"@{name}", **ipam}).status == 201
        shown = [on.api("GET", f"/networks/@{name}").value for name in "abcd"]
        return [{**one, "IPAM": {**one["IPAM"], "Config": len(one["IPAM"]["Config"])}} for one in shown]

    pair.compare(scene)


def test_the_labels_of_images_in_the_list(pair: Pair) -> None:
    """What was committed from a container has a map of them, if an empty one; an import has none."""

    def scene(on: Engine) -> Any:
        on.ok("create --name @c @box true")
        on.ok("commit @c @image")
        listed = {tag: one["Labels"] for one in on.api("GET", "/images/json").value for tag in one["RepoTags"]}
        on.ok("rmi @image")
        return [listed[f"{on.own(name)}:latest"] for name in ("image", "box")]

    pair.compare(scene)


def test_info_says_that_mounts_can_be_read_only_all_the_way_down(pair: Pair) -> None:
    """Where it does not, cri-dockerd refuses pods that ask for it."""

    def scene(on: Engine) -> Any:
        status = on.api("GET", "/info").value["Runtimes"]["runc"]["status"]
        features = json.loads(status["org.opencontainers.runtime-spec.features"])
        return sorted({"ro", "rro", "rprivate", "tmpcopyup"}.intersection(features["mountOptions"]))

    pair.compare(scene)


def test_info_and_df_have_what_older_clients_read(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen: dict[str, Any] = {}
        for version in ("1.24", "1.41", "1.42", "1.43", "1.44", "1.46", "1.48", "1.49", "1.50"):
            info = on.api("GET", f"/v{version}/info").value
            usage = on.api("GET", f"/v{version}/system/df").value
            image = next(one for one in usage["Images"] if one["RepoTags"] == [f"{on.own('box')}:latest"])
            del image["Created"], image["Containers"], image["Size"], image["SharedSize"]
            seen[version] = [
                sorted(key for key in info if key != "Containerd"), sorted(info["RegistryConfig"]), sorted(usage),
                {**image, "VirtualSize": "VirtualSize" in image, "Id": ""},
                {name: sorted(one) for name, one in info["Runtimes"].items()},
            ]  # fmt: skip
        return seen

    pair.compare(scene)
