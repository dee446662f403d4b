"""Volumes and mounts, the same on pydock and on a real Docker Engine: answers, errors, events, what containers see."""

import time
from typing import Any

import pytest

from tests.clients.engines import Engine, File, Pair

VOLUME_TREE = {
    "v": File(None, mode=0o2750, owner=(1000, 1001)),
    "v/file": File(b"content\n", mode=0o640, owner=(1000, 1001)),
    "v/link": File(link="file"),
    "v/sub": File(None, mode=0o1777),
    "v/sub/deep": File(b"x", mode=0o4755),
    "link": File(link="/v"),
    "plain": File(b"plain\n"),
    "data": File(None, mode=0o700, owner=(5, 6)),
}
LOOK = "stat -c '%a %u %g %F %n' /v /v/* /v/sub/* | sort"


@pytest.fixture(scope="module")
def images(pair: Pair) -> Pair:
    """An image with volumes in it, on both."""
    for engine in (pair.docker, pair.pydock):
        engine.import_image("vol", VOLUME_TREE, ["VOLUME /v", "VOLUME /data"])
        engine.import_image("plain", VOLUME_TREE)
    return pair


@pytest.fixture(scope="module")
def pair(pydock_engine: Engine, docker_engine: Engine) -> Pair:
    """Both engines."""
    return Pair(pydock_engine, docker_engine)


def test_create_answers(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        bodies: list[Any] = [
            {"Name": "@a"},
            {"Name": "@a"},
            {"Name": "@a", "Labels": {"x": "y"}, "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}},
            {"Name": "@b", "Labels": {}, "DriverOpts": {}},
            {"Name": "@c", "Labels": {"x": "y", "z": ""}},
            {"Name": "@d", "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=1000"}},
            {"Name": "@e", "Driver": "nope"},
            {"Name": "@e", "Driver": "local"},
            {"Name": "x"},
            {"Name": "@f/g"},
            {"Name": "-f"},
            {"Name": ".f"},
            {"Name": "a b"},
            {"Name": "@g", "DriverOpts": {"foo": "x"}},
            {"Name": "@g", "DriverOpts": {"type": "tmpfs"}},
            {"Name": "@g", "DriverOpts": {"type": "cifs", "device": "//h:4/x"}},
            {"Name": "@g", "DriverOpts": {"device": "tmpfs"}},
            {"Name": "@g", "DriverOpts": {"o": "size=1m"}},
            {"Name": "@g", "DriverOpts": {"type": "tmpfs", "o": "size=1m"}},
            {"Name": "@g", "DriverOpts": {"size": "1m"}},
            {"Name": "@g", "Unknown": 1},
        ]
        return [on.api("POST", "/volumes/create", body) for body in bodies]

    pair.compare(scene)


def test_malformed_requests_have_the_same_status(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        answers = [
            on.api("POST", "/volumes/create", []),
            on.api("POST", "/volumes/create", {"Name": 1}),
            on.api("POST", "/volumes/create", {"Labels": {"a": 1}}),
            on.api("POST", "/volumes/create", {"DriverOpts": "x"}),
            on.api("GET", "/volumes", filters="nonsense"),
            on.api("GET", "/volumes", filters={"foo": ["x"]}),
            on.api("POST", "/volumes/prune", filters={"foo": ["x"]}),
        ]
        return [answer.status for answer in answers]

    pair.compare(scene)


def test_mounts_of_images(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --mount type=image,source=@box,target=/x --name @shows @box")
        (mount,) = on.api("GET", f"/containers/{on.own('shows')}/json").value["Mounts"]
        source = mount.pop("Source")
        return mount, source.startswith("/"), source.rpartition("/")[2]

    pair.compare(scene)


def test_anonymous_volumes(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        made = on.api("POST", "/volumes/create", {})
        name = made.value["Name"]
        return made, on.api("GET", f"/volumes/{name}"), on.api("DELETE", f"/volumes/{name}")

    pair.compare(scene)


def test_look_up_and_removal(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("volume create --label a=b --label c @one")
        on.ok("create --name @user -v @one:/x @box")
        return [
            on.api("GET", "/volumes/@one"),
            on.api("GET", "/volumes/@none"),
            on.api("DELETE", "/volumes/@none"),
            on.api("DELETE", "/volumes/@none?force=1"),
            on.api("DELETE", "/volumes/@one"),
            on.api("DELETE", "/volumes/@one?force=true"),
            on.run("volume rm @one @none"),
            on.run("rm @user"),
            on.api("DELETE", "/volumes/@one"),
            on.api("PUT", "/volumes/@one?version=1", {}),
            on.run("volume inspect @one"),
        ]

    pair.compare(scene)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"name": ["one"]},
        {"name": ["pdt.*two$"]},
        {"name": ["nothing"]},
        {"driver": ["local"]},
        {"driver": ["other"]},
        {"label": ["a"]},
        {"label": ["a=1"]},
        {"label": ["a=1", "b"]},
        {"dangling": ["true"]},
        {"dangling": ["false"]},
        {"dangling": ["1"]},
        {"dangling": ["0"]},
        {"dangling": ["x"]},
        {"dangling": ["true"], "label": ["a"]},
        {"foo": ["x"]},
        {"label": {"a=1": True}},
        "nonsense",
    ],
)
def test_filters(pair: Pair, filters: Any) -> None:
    def scene(on: Engine) -> Any:
        on.ok("volume create --label a=1 --label b=2 @one")
        on.ok("volume create --label a=2 @two")
        on.ok("volume create @three")
        on.ok("create --name @user -v @two:/x @box")
        answer = on.api("GET", "/volumes", filters=filters)
        if answer.status == 200:
            own = [one["Name"] for one in answer.value["Volumes"] if one["Name"].startswith(on.own(""))]
            return sorted(own), answer.value["Warnings"]
        return answer

    pair.compare(scene)


def test_events(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        since = time.time()
        on.ok("volume create @ev")
        on.ok("run --rm --name @user -v @ev:/d:ro -v /anon --mount type=volume,src=@ev,dst=/e @box true")
        on.ok("volume rm @ev")
        until = time.time()
        form = "{{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}"
        window = ["--since", f"{since:.6f}", "--until", f"{until:.6f}"]
        lines = on.ok(["events", *window, "--filter", "type=volume", "--format", form]).splitlines()
        # mounts of one container come in no order
        return sorted(set(lines))

    pair.compare(scene)


def test_mounts_of_a_container(images: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(
            "create --name @c -v @a:/a -v @b:/b:ro -v @c:/c:nocopy -v /anon -v /tmp:/tmp:ro,rslave --tmpfs /t:size=1m "
            "--mount type=volume,src=@d,dst=/d,readonly,volume-label=x=y --mount type=tmpfs,dst=/tt,tmpfs-size=1m "
            "--mount type=volume,dst=/e,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs @vol"
        )
        shown = on.inspect("container", "c")
        host = {key: shown["HostConfig"][key] for key in ("Binds", "Mounts", "Tmpfs", "VolumesFrom", "VolumeDriver")}
        host["Binds"] = sorted(host["Binds"])
        return sorted(shown["Mounts"], key=lambda mount: str(mount["Destination"])), host, shown["Config"]["Volumes"]

    images.compare(scene)


def test_copy_up(images: Pair) -> None:
    def scene(on: Engine) -> Any:
        return [
            on.run(["run", "--rm", "@vol", "sh", "-c", LOOK]),
            on.run(["run", "--rm", "-v", "@named:/v", "@plain", "sh", "-c", LOOK]),
            on.run(["run", "--rm", "-v", "@named:/elsewhere", "@plain", "sh", "-c", "stat -c '%a %u %n' /elsewhere/*"]),
            on.run(["run", "--rm", "-v", "@link:/link", "@plain", "sh", "-c", f"ls /link/; {LOOK}"]),
            on.run(["run", "--rm", "-v", "@ro:/v:ro", "@plain", "sh", "-c", LOOK]),
            on.run(["run", "--rm", "-v", "@no:/v:nocopy", "@plain", "sh", "-c", "ls -a /v; stat -c '%a %u %g' /v"]),
            on.run(["run", "--rm", "-v", "@no:/v", "@plain", "sh", "-c", LOOK]),
            on.run("run --rm --mount type=volume,src=@m,dst=/v,volume-nocopy @plain ls -a /v"),
            on.run("run --rm --mount type=volume,src=@m2,dst=/v @plain ls -a /v"),
            on.run("run --rm -v @new:/not/there @plain stat -c %a:%u:%g /not /not/there"),
            on.run("run --rm -v @data:/data @plain stat -c %a:%u:%g /data"),
            on.run(["run", "--rm", "-v", "@full:/x", "@plain", "sh", "-c", "echo mine > /x/mine"]),
            on.run("run --rm -v @full:/v @plain ls -a /v"),
            on.run("run --rm -v @ram:/v --tmpfs /v/sub @plain ls -a /v /v/sub"),
        ]

    images.compare(scene)


def test_what_is_written_stays(images: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "--name", "@c", "-v", "@keep:/k", "@vol", "sh", "-c", "echo 1 >> /k/f; echo 2 >> /v/new"])
        on.ok("start -a @c")
        return [
            on.run("run --rm -v @keep:/other @vol cat /other/f"),
            on.run("run --rm --volumes-from @c @box cat /k/f /v/new"),
            on.run(["run", "--rm", "--volumes-from", "@c:ro", "@box", "sh", "-c", "echo x > /v/y"]),
            on.run("cp @c:/k/f -").code,
            len(on.ok("diff @c").splitlines()),
        ]

    images.compare(scene)


def test_anonymous_volumes_go_with_rm(images: Pair) -> None:
    def scene(on: Engine) -> Any:
        def left() -> int:
            names = [mount["Name"] for mount in shown["Mounts"] if mount["Type"] == "volume"]
            return sum(on.api("GET", f"/volumes/{name}").status == 200 for name in names)

        counts = []
        for remove in ("rm @c", "rm -v @c"):
            on.ok("create --name @c -v /x -v @named:/n @vol")
            shown = on.inspect("container", "c")
            on.ok(remove)
            counts.append(left())
            for mount in shown["Mounts"]:
                on.api("DELETE", f"/volumes/{mount['Name']}")
        on.ok("run --rm --name @c -v /x -v @named:/n @vol true")
        return counts, left(), on.run("volume inspect @named").code

    images.compare(scene)


def test_driver_options(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,uid=1000,mode=0711,noexec @ram")
        on.ok("volume create -o type=none -o o=bind,ro -o device=/etc @bind")
        on.ok("volume create -o type=none -o o=bind -o device=/nope @bad")
        on.ok("volume create -o type=nope -o device=x @bad2")
        on.ok("volume create -o type=tmpfs -o device=tmpfs -o o=nonsense=1 @bad3")
        look = "grep ' /t ' /proc/mounts | cut -d' ' -f1-4; stat -c '%a %u' /t"
        return [
            on.run(["run", "--rm", "-v", "@ram:/t", "@box", "sh", "-c", look]),
            on.run(["run", "--rm", "-v", "@bind:/b", "@box", "sh", "-c", "ls /b/passwd; : > /b/x"]),
            on.run("create --name @c -v @bad:/x:nocopy @box").code,
            on.api("POST", "/containers/@c/start"),
            on.run("create --name @c2 -v @bad2:/x:nocopy @box").code,
            on.api("POST", "/containers/@c2/start"),
            on.run("create --name @c3 -v @bad3:/x:nocopy @box").code,
            on.api("POST", "/containers/@c3/start"),
        ]

    pair.compare(scene)


@pytest.mark.parametrize("path", ["sub", "sub/dir", "in", "file", "sub/../sub", ".", ""])
def test_subpath(pair: Pair, path: str) -> None:
    def scene(on: Engine) -> Any:
        make = "mkdir -p /d/sub/dir; readlink x; ln -s sub /d/in; echo x > /d/file"
        on.ok(["run", "--rm", "-v", "@sp:/d", "@box", "sh", "-c", make.replace("ln -s", "/bin/busybox ln -s")])
        mount = f"type=volume,src=@sp,dst=/m,volume-subpath={path}"
        return on.run(["run", "--rm", "--mount", mount, "@box", "sh", "-c", "ls -a /m; cat /m"])

    pair.compare(scene)


@pytest.mark.parametrize("path", ["esc", "up", "none", "../x", "/sub", "esc/etc"])
def test_subpath_that_leads_nowhere(pair: Pair, path: str) -> None:
    def scene(on: Engine) -> Any:
        make = "mkdir /d/sub; /bin/busybox ln -s / /d/esc; /bin/busybox ln -s ../../../.. /d/up"
        on.ok(["run", "--rm", "-v", "@sp:/d", "@box", "sh", "-c", make])
        return on.run(["run", "--rm", "--mount", f"type=volume,src=@sp,dst=/m,volume-subpath={path}", "@box", "true"])

    pair.compare(scene)


@pytest.mark.parametrize(
    "flags",
    [
        "-v @a:/",
        "-v @a:relative",
        "-v @a",
        "-v @a:/x:nope",
        "-v @a:/x:ro:rw",
        "-v a:/x",
        "-v @a:/x -v @b:/x",
        "-v /nope/source:/x/:ro,rslave,z",
        "--mount type=bind,src=/nope,dst=/x",
        "--mount type=bind,src=relative,dst=/x",
        "--mount type=volume,src=@a,dst=relative",
        "--mount type=volume,dst=/",
        "--mount type=volume,src=@a,dst=/x,volume-driver=nope",
        "--mount type=tmpfs,src=@a,dst=/x",
        "--mount type=nope,dst=/x",
        "--volume-driver nope -v @a:/x",
        "--volumes-from @nobody",
        "--tmpfs relative",
        "-v @a:/x --tmpfs /x",
    ],
)
def test_refusals(pair: Pair, flags: str) -> None:
    pair.compare(lambda on: on.run(f"create --name @c {flags} @box true"))


def test_propagation(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        look = "grep ' /x ' /proc/self/mountinfo | cut -d' ' -f5-7 | sed 's/:[0-9]*//; s/ - .*//'"
        modes = ("", ":ro", ":rprivate", ":slave", ":rslave", ":shared", ":rshared", ":private", ":z", ":Z,ro")
        return [on.run(["run", "--rm", "-v", f"/tmp:/x{mode}", "@box", "sh", "-c", look]) for mode in modes]

    pair.compare(scene)


def test_prune(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        # other volumes of a shared engine are left alone by the label
        for name, flags in (("a", ""), ("b", "--label keep"), ("c", "-o type=tmpfs -o device=tmpfs")):
            on.ok(f"volume create --label mine={on.own('')} {flags} @{name}")
        on.ok("create --name @user -v @a:/x @box")
        label = f"mine={on.own('')}"
        more: tuple[dict[str, list[str]], ...] = ({}, {"all": ["true"], "label!": ["keep"]}, {"all": ["x"]})
        seen = [on.api("POST", "/volumes/prune", filters={"label": [label], **filters}) for filters in more]
        on.ok("rm @user")
        seen.append(on.api("POST", "/volumes/prune", filters={"label": [label], "all": ["true"]}))
        seen[-1].value["VolumesDeleted"].sort()
        return seen, on.run(["volume", "ls", "-q", "--filter", f"label={label}"])

    pair.compare(scene)


def test_disk_usage(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "--name", "@c", "-v", "@a:/x", "@box", "sh", "-c", "printf 1234567 > /x/f; mkdir /x/d"])
        on.ok("volume create @b")
        on.ok("volume create -o type=tmpfs -o device=tmpfs @c")
        usage = on.api("GET", "/system/df?type=volume").value
        return sorted(
            (volume["Name"], volume["UsageData"], volume["Options"])
            for volume in usage["Volumes"]
            if volume["Name"].startswith(on.own("")) and not volume["Options"]
        )

    pair.compare(scene)


def test_each_mount_of_a_volume_has_its_events(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("volume create @v")
        since = time.time()
        on.ok("run --name @c -v @v:/a -v @v:/b:ro @box true")
        time.sleep(0.5)
        times = f"--since {since:.9f} --until {time.time():.9f}"
        form = "'{{.Action}} {{.Actor.Attributes.destination}}'"
        return on.ok(f"events {times} --filter volume=@v --format {form}").splitlines()

    pair.compare(scene)


def test_disk_usage_leaves_out_volumes_that_options_mount(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("volume create @plain")
        on.ok("volume create -o type=tmpfs -o device=tmpfs @options")
        volumes = on.api("GET", "/system/df?type=volume").value["Volumes"]
        return [(one["Name"], one["UsageData"]) for one in volumes if one["Name"].startswith(on.own(""))]

    pair.compare(scene)


def test_copy_up_keeps_times_below_the_volume_only(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.import_image("times", {"v": File(None), "v/d": File(None), "v/f": File(b"x")}, ["VOLUME /v"])
        on.ok("create --name @c -v @v:/v @times true")
        return on.ok(
            "run --rm -v @v:/v @box sh -c 'stat -c %Y /v/d /v/f; test $(stat -c %Y /v) -gt 1700000000 && echo'"
        )

    pair.compare(scene)
