"""Legacy links of the default bridge and the names that they give, the same on pydock and on a real Docker Engine."""

from typing import Any

from tests.clients.engines import Engine, Pair

#: requests on a container by a name with a slash, which none has
REQUESTS = (
    "POST start", "POST stop", "POST restart", "POST kill", "POST pause", "POST unpause", "POST wait",
    "POST rename?name=x", "POST resize?h=1&w=1", "GET json", "GET logs?stdout=1", "GET stats", "GET top", "GET changes",
    "GET archive?path=/", "GET export",
)  # fmt: skip


def _names(on: Engine) -> Any:
    listed = on.api("GET", "/containers/json", all="1", filters={"name": [on.own("")]}).value
    links = on.api("GET", "/containers/@parent/json").value["HostConfig"]["Links"]
    return [one["Names"] for one in listed], links


def test_links_are_names(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --name @child @box sleep 1000")
        on.ok("create --name @parent --link @child:db --link @child @box sleep 1000")
        seen: list[Any] = [_names(on), on.run("inspect -f {{.Name}} @parent/db")]
        seen += [on.run("rename @child @other"), _names(on), on.run("start @parent")]
        seen += [on.run("exec @parent/db hostname").code, on.run("top @parent/db -o comm")]
        seen += [on.run("rm --link @parent/nope"), on.run("rm --link @parent"), on.run("rm -l @parent/db"), _names(on)]
        seen += [on.run("rm @parent/db"), on.run(["rm", "-f", f"{on.own('parent')}/{on.own('child')}"])]
        return [*seen, on.run("inspect @other").code]

    pair.compare(scene)


def test_no_container_has_a_slash_in_its_name(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        return [on.api(*line.replace(" ", " /containers/@a/b/").split()) for line in REQUESTS]

    pair.compare(scene)


def test_who_links_knows_the_address_after_a_restart(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        def known() -> bool:
            hosts = on.ok("exec @parent grep -w db /etc/hosts")
            return bool(hosts.split()[0] == on.inspect("container", "child")["NetworkSettings"]["IPAddress"])

        on.ok("run -d --name @child @box sleep 1000")
        on.ok("run -d --name @parent --link @child:db @box sleep 1000")
        seen: list[Any] = [known()]
        on.ok("stop -t 0 @child")
        on.ok("run -d --name @another @box sleep 1000")
        on.ok("start @child")
        seen += [known(), on.run("rm --link @parent/db"), on.run("exec @parent grep -w db /etc/hosts")]
        return seen

    pair.compare(scene)


def test_an_alias_with_a_slash(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("run -d --name @child @box sleep 1000")
        on.ok("run -d --name @parent --link @child:/db @box sleep 1000")
        on.ok("rename @parent @other")
        seen = [on.run("inspect -f {{.Name}} @other/db"), on.inspect("container", "other")["HostConfig"]["Links"]]
        return [*seen, on.run("exec @other grep -cw db /etc/hosts")]

    pair.compare(scene)
