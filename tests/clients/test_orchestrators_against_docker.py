"""The calls of programs that stand above an engine, as they make them: Portainer, Nomad, cri-dockerd.

Each scene is played on pydock and on a real Docker Engine.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pydock.runtime.cgroups import Cgroup
from tests.clients.engines import PREFIX, Engine, Pair


def _create(on: Engine, name: str, **body: Any) -> Any:
    return on.api("POST", f"/v1.44/containers/create?name=@{name}", {"Image": "@box", **body})


def test_portainer_recreates_a_container(pair: Pair) -> None:
    """Stop, rename, leave the networks, create from what inspect showed, connect the rest, start, remove the old."""

    def scene(on: Engine) -> Any:
        on.ok("network create @net")
        on.ok("volume create @vol")
        host = {
            "Binds": ["@vol:/v"], "RestartPolicy": {"Name": "unless-stopped"},
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
        }  # fmt: skip
        networks = {"EndpointsConfig": {"@net": {"Aliases": ["alias"]}}}
        old = _create(on, "c", Cmd=["sleep", "600"], Env=["A=b"], ExposedPorts={"80/tcp": {}}, HostConfig=host,
                      NetworkingConfig=networks).value["Id"]  # fmt: skip
        seen: list[Any] = [on.api("POST", "/networks/bridge/connect", {"Container": old})]
        seen.append(on.api("POST", f"/containers/{old}/start"))
        shown = on.api("GET", f"/v1.44/containers/{old}/json").value
        seen.append(on.api("POST", f"/containers/{old}/stop?t=0"))
        seen.append(on.api("POST", f"/containers/{old}/rename?name=@old"))
        joined = shown["NetworkSettings"]["Networks"]
        seen += [on.api("POST", f"/networks/{name}/disconnect", {"Container": old, "Force": True}) for name in joined]
        first, *rest = sorted(joined)
        wanted = {"HostConfig": shown["HostConfig"], "NetworkingConfig": {"EndpointsConfig": {first: joined[first]}}}
        new = _create(on, "c", **{**shown["Config"], **wanted}).value["Id"]
        for name in rest:
            body = {"Container": new, "EndpointConfig": joined[name]}
            seen.append(on.api("POST", f"/networks/{name}/connect", body))
        seen.append(on.api("POST", f"/containers/{new}/start"))
        seen.append(on.api("DELETE", f"/containers/{old}?force=1"))
        again = on.api("GET", f"/v1.44/containers/{new}/json").value
        differing = [key for part in ("Config", "HostConfig") for key in shown[part]
                     if again[part].get(key) != shown[part][key]]  # fmt: skip
        seen += [differing, sorted(again["NetworkSettings"]["Networks"]), [m["Name"] for m in again["Mounts"]]]
        conflict = _create(on, "c", Cmd=["true"])
        return [*seen, conflict.status, conflict.value]

    pair.compare(scene)


def test_control_groups_are_where_nomad_and_cadvisor_look_for_them(pair: Pair) -> None:
    """Both compose the path of a container's control group; neither asks for it."""

    def scene(on: Engine) -> Any:
        identity = _create(on, "c", Cmd=["sleep", "600"], HostConfig={"NetworkMode": "none"}).value["Id"]
        on.ok("start @c")
        pid = on.api("GET", f"/containers/{identity}/json").value["State"]["Pid"]
        lines = Path(f"/proc/{pid}/cgroup").read_text().replace(identity, "ID").splitlines()
        held = [line.split(":", 1)[1] for line in lines if not line.startswith("0::")]
        return sorted(held) or lines

    pair.compare(scene)


def test_nomad_runs_a_task_in_the_network_of_its_pause_container(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        pause = _create(on, "pause", Cmd=["sleep", "600"], HostConfig={"NetworkMode": "none"}).value["Id"]
        seen: list[Any] = [on.api("POST", f"/containers/{pause}/start")]
        host = {
            "NetworkMode": f"container:{pause}", "Memory": 67108864, "MemoryReservation": 33554432,
            "MemorySwap": 67108864, "MemorySwappiness": None, "CPUShares": 100, "CpuQuota": 50000, "CpuPeriod": 100000,
            "CpusetCpus": "0", "PidsLimit": 50, "OomScoreAdj": 100, "StorageOpt": None, "VolumeDriver": "",
            "Runtime": "runc", "GroupAdd": ["5"], "Init": True, "CapAdd": ["NET_ADMIN"], "CapDrop": ["MKNOD"],
            "LogConfig": {"Type": "json-file", "Config": {"max-file": "2", "max-size": "2m"}}, "ShmSize": 1048576,
            "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/n", "CgroupPermissions": "rwm"}],
            "IpcMode": "", "PidMode": "", "UTSMode": "", "UsernsMode": "", "SecurityOpt": ["no-new-privileges"],
            "Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 200}], "ReadonlyRootfs": True,
        }  # fmt: skip
        script = "echo started; sleep 600"
        task = _create(on, "task", Cmd=["sh", "-c", script], HostConfig=host).value["Id"]
        seen.append(on.api("POST", f"/containers/{task}/start"))
        ended: list[Any] = []
        waiting = threading.Thread(target=lambda: ended.append(on.api("POST", f"/containers/{task}/wait")))
        waiting.start()
        sample = on.api("GET", f"/containers/{task}/stats?stream=false").value
        seen.append((sorted(sample), bool(sample["precpu_stats"]["system_cpu_usage"]), "networks" in sample))
        seen.append(on.api("GET", f"/containers/{task}/logs?stdout=1&stderr=1&since=1577836800.000000000").status)
        seen.append(on.api("POST", f"/containers/{task}/kill?signal=SIGKILL"))
        waiting.join(60)
        seen += ended
        seen += [on.api("POST", f"/containers/{task}/{what}") for what in ("stop?t=1", "kill")]
        seen += [on.api("DELETE", f"/containers/{task}?v=1&force=1") for _ in range(2)]
        return seen

    pair.compare(scene)


@pytest.fixture
def pods(pair: Pair) -> Iterator[Pair]:
    """Both engines; the control groups that neither removes are taken away."""
    yield pair
    for name in ("kubepods/pod", "kubepods"):
        with contextlib.suppress(OSError):
            Cgroup.at(f"/{PREFIX}{name}").remove()


def test_cri_dockerd_runs_a_pod(pods: Pair) -> None:
    def scene(on: Engine) -> Any:
        parent = f"/{on.own('kubepods')}/pod"
        host: dict[str, Any] = {
            "IpcMode": "shareable", "CgroupParent": parent, "OomScoreAdj": 100, "NetworkMode": "none", "CpuShares": 2,
            "SecurityOpt": ["seccomp=unconfined"], "DNS": ["10.0.0.10"], "DNSOptions": ["ndots:5"],
        }  # fmt: skip
        labels = {"io.kubernetes.docker.type": "podsandbox"}
        pod = _create(on, "pod", Hostname="pod", Cmd=["sleep", "600"], Labels=labels, HostConfig=host).value["Id"]
        seen: list[Any] = [on.api("POST", f"/containers/{pod}/start")]
        shown = on.api("GET", f"/v1.43/containers/{pod}/json?size=1").value
        seen.append((shown["State"]["Pid"] > 0, shown["SizeRw"] >= 0, shown["HostConfig"]["CgroupParent"]))
        inside = {
            "NetworkMode": f"container:{pod}", "IpcMode": f"container:{pod}", "PidMode": f"container:{pod}",
            "CgroupParent": parent, "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"],
            "OomScoreAdj": 1000, "CpuPeriod": 100000,
        }  # fmt: skip
        labels = {"io.kubernetes.docker.type": "container"}
        one = _create(on, "one", Cmd=["sleep", "600"], Healthcheck={"Test": ["NONE"]}, OpenStdin=True, Labels=labels,
                      HostConfig=inside).value["Id"]  # fmt: skip
        seen.append(on.api("POST", f"/containers/{one}/start"))
        shown = on.api("GET", f"/v1.43/containers/{one}/json").value
        seen += [shown["State"].get("Health"), shown["Config"]["Healthcheck"]]
        seen += [shown["HostConfig"][key] for key in ("MaskedPaths", "ReadonlyPaths")]
        limits = {"CpuShares": 200, "CpuQuota": 20000, "CpuPeriod": 100000, "Memory": 67108864, "MemorySwap": 67108864}
        seen.append(on.api("POST", f"/v1.43/containers/{one}/update", limits))
        images = on.api(
            "GET", "/v1.43/images/json", **{"shared-size": "1", "filters": {"reference": [on.own("box")]}}
        ).value
        seen.append([(image["SharedSize"] >= 0, image["VirtualSize"] == image["Size"]) for image in images])
        nobody = "0" * 64
        seen.append(on.api("POST", f"/v1.43/containers/{nobody}/stop").value["message"])
        seen.append(on.api("DELETE", f"/v1.43/containers/{one}"))
        wanted = {"label": [f"{label}=podsandbox" for label in labels]}
        listed = on.api("GET", "/v1.43/containers/json", all="1", filters=wanted)
        return [*seen, [row["Names"] for row in listed.value if row["Id"] == pod]]

    pods.compare(scene)
