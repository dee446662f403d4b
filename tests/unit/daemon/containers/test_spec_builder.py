"""The OCI spec of a container: what each option makes of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pydock.daemon.config import ContainerDefaults
from pydock.daemon.containers import spec_resources
from pydock.daemon.containers.record import Container, MountPoint
from pydock.daemon.containers.security_options import KEPT
from pydock.daemon.containers.spec_builder import ExecOptions, Resolved, SpecBuilder
from pydock.errors import InvalidParameter, System
from pydock.runtime import capabilities
from pydock.runtime.spec import Spec
from tests.unit.daemon.containers.made_containers import container


def unconfined(wanted: str, privileged: bool) -> str:
    return wanted


@pytest.fixture
def builder(tmp_path: Path) -> SpecBuilder:
    return SpecBuilder(tmp_path, ContainerDefaults(), unconfined)


def build(builder: SpecBuilder, record: Container, resolved: Resolved | None = None) -> Any:
    spec: Spec = builder.build(record, resolved or Resolved())
    json.dumps(spec)
    return spec


def kinds(spec: Any) -> set[str]:
    return {namespace["type"] for namespace in spec["linux"]["namespaces"]}


def mount(spec: Any, target: str) -> Any:
    found = [one for one in spec["mounts"] if one["destination"] == target]
    assert len(found) <= 1
    return found[0] if found else None


def test_an_ordinary_container(builder: SpecBuilder) -> None:
    spec = build(builder, container({"Cmd": ["sleep", "1"], "Hostname": "h", "Domainname": "d"}))
    assert spec["process"]["args"] == ["sleep", "1"]
    assert spec["process"]["env"][0].startswith("PATH=/usr/local/sbin")
    assert "HOSTNAME=h" in spec["process"]["env"]
    assert spec["process"]["cwd"] == "/"
    assert spec["process"]["user"] == {"username": "", "additionalGroups": []}
    assert set(spec["process"]["capabilities"]["effective"]) == set(capabilities.DEFAULT)
    assert "inheritable" not in spec["process"]["capabilities"]
    assert not spec["process"]["noNewPrivileges"]
    assert kinds(spec) == {"mount", "network", "uts", "pid", "ipc"}
    assert (spec["hostname"], spec["domainname"]) == ("h", "d")
    assert spec["linux"]["cgroupsPath"] == f"/docker/{'a' * 64}"
    assert spec["linux"]["sysctl"]["net.ipv4.ip_unprivileged_port_start"] == "0"
    assert mount(spec, "/dev/shm")["options"][-1] == "size=67108864"
    assert "ro" in mount(spec, "/sys")["options"]
    assert spec["linux"]["resources"]["devices"][0] == {"allow": False, "access": "rwm"}


def test_the_environment_is_merged(builder: SpecBuilder) -> None:
    record = container({"Env": ["PATH=/own", "HOSTNAME", "A=1"], "Tty": True})
    assert build(builder, record)["process"]["env"] == ["PATH=/own", "TERM=xterm", "A=1"]


@pytest.mark.parametrize(
    ("host", "gone"),
    [
        ({"NetworkMode": "host"}, "network"),
        ({"PidMode": "host"}, "pid"),
        ({"IpcMode": "host"}, "ipc"),
        ({"UTSMode": "host"}, "uts"),
    ],
)
def test_shared_with_the_host(builder: SpecBuilder, host: dict[str, Any], gone: str) -> None:
    spec = build(builder, container(**host))
    assert gone not in kinds(spec)
    if gone == "uts":
        assert "hostname" not in spec
    if gone == "network":
        assert spec["linux"]["sysctl"] == {}
    if gone == "ipc":
        assert mount(spec, "/dev/shm")["source"] == "/dev/shm"


def test_joined_namespaces(builder: SpecBuilder) -> None:
    record = container(PidMode="container:x", IpcMode="container:x")
    resolved = Resolved(namespaces={"pid": "/proc/5/ns/pid", "ipc": "/proc/5/ns/ipc"}, shm="/run/shm/x")
    spec = build(builder, record, resolved)
    assert {"type": "pid", "path": "/proc/5/ns/pid"} in spec["linux"]["namespaces"]
    assert {"type": "ipc", "path": "/proc/5/ns/ipc"} in spec["linux"]["namespaces"]
    assert mount(spec, "/dev/shm")["source"] == "/run/shm/x"


def test_no_shared_memory(builder: SpecBuilder) -> None:
    assert mount(build(builder, container(IpcMode="none")), "/dev/shm") is None


def test_privileged(builder: SpecBuilder) -> None:
    spec = build(builder, container(Privileged=True))
    assert spec["process"]["capabilities"]["effective"] == list(capabilities.NAMES)
    assert spec["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert spec["linux"]["maskedPaths"] == spec["linux"]["readonlyPaths"] == []
    assert "ro" not in mount(spec, "/sys")["options"]
    assert "ro" not in mount(spec, "/sys/fs/cgroup")["options"]
    assert any(device["path"] == "/dev/null" for device in spec["linux"]["devices"])


def test_limits(builder: SpecBuilder) -> None:
    record = container(
        Memory=10 << 20, MemorySwap=20 << 20, MemoryReservation=7 << 20, MemorySwappiness=5, OomKillDisable=True,
        NanoCpus=1_500_000_000, CpuShares=512, CpusetCpus="0-1", CpusetMems="0", PidsLimit=10, BlkioWeight=300,
        BlkioDeviceReadBps=[{"Path": "/dev/null", "Rate": 5}],
    )  # fmt: skip
    resources = build(builder, record)["linux"]["resources"]
    assert resources["memory"] == {
        "limit": 10 << 20, "swap": 20 << 20, "reservation": 7 << 20, "swappiness": 5, "disableOOMKiller": True,
    }  # fmt: skip
    assert resources["cpu"] == {"shares": 512, "cpus": "0-1", "mems": "0", "period": 100_000, "quota": 150_000}
    assert resources["pids"] == {"limit": 10}
    assert resources["blockIO"] == {
        "weight": 300,
        "throttleReadBpsDevice": [{"major": 1, "minor": 3, "rate": 5}],
    }


def test_a_device_and_rules(builder: SpecBuilder) -> None:
    wanted = {"PathOnHost": "/dev/zero", "PathInContainer": "/dev/own", "CgroupPermissions": "r"}
    spec = build(builder, container(Devices=[wanted], DeviceCgroupRules=["c 13:* rw", "a *:* m"]))
    [node] = spec["linux"]["devices"]
    assert (node["path"], node["type"], node["major"], node["minor"]) == ("/dev/own", "c", 1, 5)
    assert spec["linux"]["resources"]["devices"][-3:] == [
        {"allow": True, "type": "c", "access": "r", "major": 1, "minor": 5},
        {"allow": True, "type": "c", "access": "rw", "major": 13},
        {"allow": True, "type": "a", "access": "m"},
    ]


def test_a_device_that_nothing_may_be_done_with(builder: SpecBuilder) -> None:
    wanted = {"PathOnHost": "/dev/zero", "PathInContainer": "/dev/own", "CgroupPermissions": ""}
    for before in (0, 1):
        usable = [{**wanted, "CgroupPermissions": "r"}] * before
        with pytest.raises(System, match=f"runc create failed: device access at {16 + before} field cannot be empty"):
            build(builder, container(Devices=[*usable, wanted]))


def test_a_device_that_is_none(builder: SpecBuilder) -> None:
    wanted = {"PathOnHost": "/etc/passwd", "PathInContainer": "/dev/own", "CgroupPermissions": "r"}
    with pytest.raises(InvalidParameter, match='custom device "/etc/passwd": not a device node'):
        build(builder, container(Devices=[wanted]))


def test_a_device_that_is_not_there(builder: SpecBuilder) -> None:
    wanted = {"PathOnHost": "/dev/nope", "PathInContainer": "/dev/own", "CgroupPermissions": "r"}
    with pytest.raises(InvalidParameter, match='custom device "/dev/nope": no such file or directory'):
        build(builder, container(Devices=[wanted]))


def test_an_option_that_a_tmpfs_does_not_have(builder: SpecBuilder) -> None:
    for told, wrong in (("size=1m,bogus=1", "bogus"), ("bogus,ro", "bogus"), ("ro,size", "size"), ("rw,", "")):
        with pytest.raises(InvalidParameter, match=f'invalid tmpfs option "{wrong}"'):
            build(builder, container(Tmpfs={"/t": told}))


def test_mounts_of_ones_own(builder: SpecBuilder) -> None:
    mounts = (
        MountPoint("bind", "/a/b/c", "/src", propagation="rslave", options={"NonRecursive": True}),
        MountPoint("bind", "/ro", "/src", writable=False, propagation="rprivate"),
        MountPoint("bind", "/flat", "/src", writable=False, options={"ReadOnlyNonRecursive": True}),
        MountPoint("volume", "/vol", "/old", name="v"),
        MountPoint("tmpfs", "/tm", options={"Options": ["size=1048576", "exec"]}),
        MountPoint("image", "/im", options={"Chain": "c"}),
    )
    spec = build(builder, container(mounts=mounts), Resolved(sources={"/vol": "/new"}))
    assert mount(spec, "/a/b/c")["options"] == ["bind", "rslave"]
    assert mount(spec, "/ro")["options"] == ["rbind", "rro", "rprivate"]
    assert mount(spec, "/flat")["options"] == ["rbind", "ro"]
    assert mount(spec, "/vol")["source"] == "/new"
    assert mount(spec, "/tm")["options"] == ["nosuid", "nodev", "rprivate", "size=1048576", "exec"]
    assert mount(spec, "/im") is None
    assert spec["linux"]["rootfsPropagation"] == "rslave"
    order = [one["destination"] for one in spec["mounts"]]
    assert order.index("/a/b/c") > order.index("/vol")


def test_a_mount_over_what_every_container_has(builder: SpecBuilder) -> None:
    spec = build(builder, container(mounts=(MountPoint("bind", "/dev", "/dev"),)))
    assert [one["destination"] for one in spec["mounts"] if one["destination"].startswith("/dev")] == ["/dev"]


def test_the_engines_files_give_way(builder: SpecBuilder) -> None:
    record = container(mounts=(MountPoint("bind", "/etc/hosts", "/own"),), ReadonlyRootfs=True)
    files = (("/data/hosts", "/etc/hosts"), ("/data/resolv.conf", "/etc/resolv.conf"))
    spec = build(builder, record, Resolved(files=files))
    assert mount(spec, "/etc/hosts")["source"] == "/own"
    assert mount(spec, "/etc/resolv.conf")["options"] == ["rbind", "rprivate", "ro"]


def test_a_read_only_root(builder: SpecBuilder) -> None:
    spec = build(builder, container(ReadonlyRootfs=True, Tmpfs={"/run": "size=1m,noexec,exec"}))
    assert spec["root"] == {"readonly": True}
    assert "ro" not in mount(spec, "/dev")["options"]
    assert mount(spec, "/run")["options"] == ["nosuid", "nodev", "rprivate", "size=1m", "exec"]


def test_security_options(builder: SpecBuilder) -> None:
    spec = build(builder, container(SecurityOpt=["no-new-privileges", "writable-cgroups=true"]))
    assert spec["process"]["noNewPrivileges"]
    assert "ro" not in mount(spec, "/sys/fs/cgroup")["options"]


def test_seccomp_filters(builder: SpecBuilder, tmp_path: Path) -> None:
    default = builder.seccomp_filter(container())
    assert Path(default).parent == tmp_path / "seccomp"
    assert builder.seccomp_filter(container(name="other")) == default
    assert builder.seccomp_filter(container(CapAdd=["SYS_ADMIN"])) != default
    assert builder.seccomp_filter(container(SecurityOpt=["seccomp=unconfined"])) == ""
    assert builder.seccomp_filter(container(Privileged=True)) == ""
    own = json.dumps({"defaultAction": "SCMP_ACT_ALLOW"})
    assert builder.seccomp_filter(container(SecurityOpt=[f"seccomp={own}"])) not in ("", default)
    with pytest.raises(InvalidParameter, match="Decoding seccomp profile failed: "):
        builder.seccomp_filter(container(SecurityOpt=["seccomp={"]))


def test_a_filter_that_was_swept_away_is_made_again(builder: SpecBuilder) -> None:
    path = Path(builder.seccomp_filter(container()))
    path.unlink()
    assert builder.seccomp_filter(container()) == str(path)
    assert path.exists()


def test_only_the_seccomp_filters_in_use_are_kept(builder: SpecBuilder, tmp_path: Path) -> None:
    default = builder.seccomp_filter(container())
    for number in range(KEPT + 5):
        own = json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": number})
        path = builder.seccomp_filter(container(SecurityOpt=[f"seccomp={own}"]))
        assert Path(path).exists()
        assert builder.seccomp_filter(container()) == default
        assert Path(default).exists()
    assert len(list((tmp_path / "seccomp").iterdir())) == KEPT


@pytest.mark.parametrize(
    ("parent", "path"),
    [("/foo", "/foo/"), ("foo/bar", "/foo/bar/"), ("../../x", "/x/"), ("/", "/")],
)
def test_the_control_group_stays_below_the_hierarchy(builder: SpecBuilder, parent: str, path: str) -> None:
    assert builder.cgroup_path(container(CgroupParent=parent)) == path + "a" * 64


def test_ulimits_and_the_engines_own(tmp_path: Path) -> None:
    settings = ContainerDefaults(ulimits={
        "nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}, "core": {"Name": "core", "Soft": 0, "Hard": 0},
    })  # fmt: skip
    record = container(Ulimits=[{"Name": "nofile", "Soft": 5, "Hard": 6}])
    assert build(SpecBuilder(tmp_path, settings, unconfined), record)["process"]["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "soft": 5, "hard": 6},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
    ]


def test_an_exec(builder: SpecBuilder) -> None:
    record = container({"User": "app", "WorkingDir": "/srv", "Env": ["A=1", "B=1"]}, GroupAdd=["g"])
    process: Any = builder.exec_process(record, ExecOptions(["ls"], env=["B=2"], tty=True, console_size=(3, 4)))
    assert process["user"] == {"username": "app", "additionalGroups": ["g"]}
    assert process["cwd"] == "/srv"
    assert process["env"][-3:] == ["TERM=xterm", "A=1", "B=2"]
    assert process["consoleSize"] == {"height": 3, "width": 4}
    assert set(process["capabilities"]["effective"]) == set(capabilities.DEFAULT)
    privileged: Any = builder.exec_process(record, ExecOptions(["ls"], user="0", privileged=True))
    assert privileged["capabilities"]["effective"] == list(capabilities.NAMES)
    assert privileged["user"]["username"] == "0"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Driver": "", "Capabilities": [["gpu"]]}, 'could not select device driver "" with capabilities: [[gpu]]'),
        (
            {"Driver": "cdi", "DeviceIDs": ["a.b/c=d"], "Capabilities": None},
            "CDI device injection failed: unresolvable CDI devices a.b/c=d",
        ),
    ],
)
def test_devices_that_a_driver_would_have_to_provide(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=re.escape(message)):
        spec_resources.device_access({"Privileged": False, "DeviceRequests": [request_]})
