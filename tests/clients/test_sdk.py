"""The docker SDK for Python, unmodified, on pydock and on a real Docker Engine: the same calls come to the same."""

import contextlib
import io
import tarfile
import threading
from collections.abc import Iterator
from typing import Any

import docker
import docker.errors
import docker.types
import pytest

from tests.clients.engines import Engine, Pair

#: the SDK leaves connections open where a streamed answer is an error
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@contextlib.contextmanager
def sdk(on: Engine) -> Iterator[Any]:
    """A client of the SDK; its stubs say less than it does."""
    client = docker.DockerClient(base_url=f"unix://{on.socket}", timeout=60)
    try:
        yield client
    finally:
        client.close()


def _error(call: Any) -> Any:
    """The kind and words of the error that `call` ends with."""
    try:
        call()
    except docker.errors.DockerException as error:
        return type(error).__name__, getattr(error, "explanation", None) or str(error)
    return None


def _tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_the_engine(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        with sdk(on) as client:
            version, info = client.version(), client.info()
            return [
                client.ping(), version["MinAPIVersion"], version["Os"], version["Arch"], sorted(version),
                info["OSType"], info["Driver"], info["Swarm"], sorted(client.df()), client.plugins.list(),
                _error(client.swarm.reload), _error(client.nodes.list), _error(client.services.list),
            ]  # fmt: skip

    pair.compare(scene)


def test_containers_run_to_their_end(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        box = on.own("box")
        with sdk(on) as client:
            run = client.containers.run
            return [
                run(box, "echo hello", remove=True).decode(),
                run(
                    box, ["sh", "-c", "echo out; sleep 0.2; echo err >&2"], stdout=True, stderr=True, remove=True
                ).decode(),
                run(box, "env", remove=True, environment={"A": "b"}, hostname="h", network_mode="none").decode(),
                run(box, "sh -c 'id -u; pwd'", user="7:8", working_dir="/etc", remove=True).decode(),
                b"".join(run(box, "sh -c 'echo a; echo b'", stream=True, remove=True)).decode(),
                _error(lambda: run(box, "sh -c 'echo bad >&2; exit 3'", name=on.own("c"), remove=True)),
                _error(lambda: run(on.own("no"), "true")),
                _error(lambda: run(box, "/no/such", remove=True)),
                [one.name for one in client.containers.list(all=True, filters={"name": on.own("c")})],
            ]

    pair.compare(scene)


def test_a_containers_life(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        seen: list[Any] = []
        with sdk(on) as client:
            one = client.containers.create(on.own("box"), "sleep 600", name=on.own("c"), labels={"pdt": "sdk"})
            seen += [one.status, _error(one.pause), _error(one.kill), one.stop()]
            for step in (one.start, one.start, one.pause, one.pause, one.unpause, one.restart):
                seen.append(_error(lambda step=step: step(timeout=1) if step == one.restart else step()))
                one.reload()
                seen.append(one.status)
            one.rename(on.own("d"))
            one.update(mem_limit="64m", memswap_limit="64m")
            one.reload()
            seen += [one.name, one.attrs["HostConfig"]["Memory"], [row[-1] for row in one.top()["Processes"]]]
            seen += [[c.name for c in client.containers.list(filters={"label": "pdt=sdk", "status": "running"})]]
            one.kill("KILL")
            seen += [one.wait(timeout=60), one.logs().decode(), _error(lambda: one.exec_run("true"))]
            seen += [one.remove(v=True), _error(one.reload), _error(one.remove)]
        return seen

    pair.compare(scene)


def test_wait_and_attach_come_before_the_start(pair: Pair) -> None:
    """With each condition the answer's head comes at once, and no end is missed."""

    def scene(on: Engine) -> Any:
        ended: dict[str, Any] = {}
        with sdk(on) as client:
            one = client.containers.create(on.own("box"), "sh -c 'echo out; exit 4'", auto_remove=True)
            output = one.attach(stream=True, stdout=True, stderr=True)

            def wait(condition: str) -> None:
                ended[condition] = one.wait(condition=condition)

            waiting = [threading.Thread(target=wait, args=(condition,)) for condition in ("next-exit", "removed")]
            for thread in waiting:
                thread.start()
            while client.api.inspect_container(one.id)["State"]["Status"] != "created":
                pass
            one.start()
            seen = [b"".join(output).decode()]
            for thread in waiting:
                thread.join(60)
        return [*seen, ended]

    pair.compare(scene)


def test_exec(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        with sdk(on) as client:
            one = client.containers.run(on.own("box"), "sleep 600", name=on.own("c"), detach=True)
            both = one.exec_run(["sh", "-c", "echo out; echo err >&2; exit 5"], demux=True)
            streamed = one.exec_run("sh -c 'echo a; echo b'", stream=True)
            seen = [
                (both.exit_code, both.output), b"".join(streamed.output).decode(),
                tuple(one.exec_run("sh -c 'id -u; echo $A; pwd'", user="3", environment=["A=b"], workdir="/etc")),
                tuple(one.exec_run("/no/such")), tuple(one.exec_run("tty", tty=True)),
                _error(lambda: one.exec_run("true", user="nobody-here")), one.exec_run("true", detach=True).output,
            ]  # fmt: skip
            sock = one.exec_run("cat", stdin=True, socket=True).output
            raw = sock._sock
            raw.sendall(b"to and fro\n")
            raw.shutdown(1)
            seen.append(sock.read().partition(b"to")[2])
            sock._response.close()
            sock.close()
            raw.close()
            return [repr(one) for one in seen]

    pair.compare(scene)


def test_logs(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        script = "echo one; echo two >&2; sleep 0.3; echo three; echo four"
        with sdk(on) as client:
            one = client.containers.run(on.own("box"), ["sh", "-c", script], name=on.own("c"), detach=True)
            return [
                [line.decode() for line in one.logs(stream=True, follow=True, stderr=False)],
                one.logs(stdout=False).decode(), one.logs(tail=1).decode(), one.logs(tail=0).decode(),
                one.logs(timestamps=True, tail=1).decode().split(" ")[1:], one.logs(since=2_000_000_000).decode(),
                one.logs(until=1).decode(),
            ]  # fmt: skip

    pair.compare(scene)


def test_files_and_images_of_containers(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        with sdk(on) as client:
            one = client.containers.create(on.own("box"), "cat /new", name=on.own("c"))
            put = one.put_archive("/", _tar(new=b"content\n"))
            pieces, stat = one.get_archive("/new")
            with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
                names = archive.getnames()
            changes = one.diff()
            image = one.commit(on.own("im"), "1", message="m", author="a", changes=["ENV X=y"])
            output = client.containers.run(image.id, remove=True).decode()
            with tarfile.open(fileobj=io.BytesIO(b"".join(one.export()))) as archive:
                exported = sorted(archive.getnames())[:6]
            seen = [
                put, {key: stat[key] for key in ("name", "size", "mode", "linkTarget")}, names, changes, exported,
                image.tags, image.attrs["Config"]["Env"][-1], image.attrs["Author"], output, len(image.history()),
                _error(lambda: one.get_archive("/no")), _error(lambda: one.put_archive("/no", b"")),
            ]  # fmt: skip
            client.images.remove(image.id, force=True)
            return seen

    pair.compare(scene)


def test_images(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        with sdk(on) as client:
            image = client.images.get(on.own("box"))
            tagged = [image.tag(on.own("t"), "1"), client.images.get(on.own("t") + ":1").id == image.id]
            saved = b"".join(client.images.get(on.own("t") + ":1").save(named=on.own("t") + ":1"))
            client.images.remove(on.own("t") + ":1")
            missing = _error(lambda: client.images.get(on.own("t") + ":1"))
            loaded = [sorted(one.tags) for one in client.images.load(saved)]
            listed = [one.tags for one in client.images.list(name=on.own("t"))]
            client.images.remove(on.own("t") + ":1")
            refusals = [
                _error(lambda: client.images.remove(on.own("t"))), _error(lambda: client.images.get("NO")),
                _error(lambda: client.images.get_registry_data("localhost:1/x")) is not None,
            ]  # fmt: skip
            return [tagged, missing, loaded, listed, refusals]

    pair.compare(scene)


def test_networks(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        pool = docker.types.IPAMPool(subnet="198.18.77.0/24", gateway="198.18.77.254")
        with sdk(on) as client:
            network = client.networks.create(
                on.own("n"), driver="bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool]), labels={"a": "b"}
            )
            one = client.containers.run(on.own("box"), "sleep 600", name=on.own("c"), detach=True)
            network.connect(one, aliases=["other"], ipv4_address="198.18.77.9")
            one.reload()
            endpoint = one.attrs["NetworkSettings"]["Networks"][on.own("n")]
            code, output = one.exec_run("nslookup other 127.0.0.11")
            network.reload()
            seen = [
                endpoint["IPAddress"], endpoint["Gateway"], endpoint["Aliases"], endpoint["IPAMConfig"], code,
                "198.18.77.9" in output.decode(), [c.name for c in network.containers], network.attrs["IPAM"],
                _error(lambda: network.connect(one)), _error(network.remove),
                [n.name for n in client.networks.list(names=[on.own("n")], filters={"label": "a=b"})],
            ]  # fmt: skip
            network.disconnect(one)
            seen += [_error(lambda: network.disconnect(one)), network.remove(), _error(network.reload)]
            return seen

    pair.compare(scene)


def test_volumes(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        with sdk(on) as client:
            volume = client.volumes.create(on.own("v"), labels={"a": "b"})
            mounts = [docker.types.Mount("/m", on.own("v")), docker.types.Mount("/t", None, type="tmpfs")]
            run = client.containers.run
            run(on.own("box"), "touch /m/x", mounts=mounts, remove=True)
            listed = run(on.own("box"), "ls /v", volumes={on.own("v"): {"bind": "/v", "mode": "ro"}}, remove=True)
            one = client.containers.create(on.own("box"), volumes=[f"{on.own('v')}:/v"], name=on.own("c"))
            seen = [
                volume.attrs["Labels"], volume.attrs["Driver"], listed.decode(), _error(volume.remove),
                [v.name for v in client.volumes.list(filters={"label": "a=b", "name": on.own("v")})],
                client.volumes.prune(filters={"label": "pdt-none"}),
            ]  # fmt: skip
            one.remove()
            return [*seen, volume.remove(), _error(lambda: client.volumes.get(on.own("v")))]

    pair.compare(scene)


def test_events_and_statistics(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        with sdk(on) as client:
            events = client.events(decode=True, filters={"container": on.own("c"), "type": "container"})
            with contextlib.closing(events):
                one = client.containers.run(on.own("box"), "sleep 600", name=on.own("c"), detach=True)
                sample = one.stats(stream=False)
                once = client.api.stats(one.id, stream=False, one_shot=True)
                stream = one.stats(decode=True)
                first, second = next(stream), next(stream)
                stream.close()
                one.kill()
                seen = [(e["status"], e["Actor"]["Attributes"].get("exitCode")) for e in _until(events, "die")]
        cpu = [bool(s["precpu_stats"].get("system_cpu_usage")) for s in (sample, once, first, second)]
        return [seen, cpu, sample["cpu_stats"]["online_cpus"], sorted(sample["memory_stats"])]

    pair.compare(scene)


def _until(events: Iterator[dict[str, Any]], last: str) -> Iterator[dict[str, Any]]:
    for event in events:
        yield event
        if event["status"] == last:
            return


OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"environment": {"A": "b"}, "labels": {"l": "m"}, "hostname": "h", "domainname": "d", "user": "1:2"},
    {"mem_limit": "64m", "memswap_limit": "128m", "mem_reservation": "32m", "cpu_shares": 512, "cpu_period": 50_000},
    {"cpu_quota": 25_000, "cpuset_cpus": "0", "pids_limit": 99, "oom_score_adj": 100, "shm_size": "16m"},
    {"cap_add": ["NET_ADMIN"], "cap_drop": ["MKNOD"], "security_opt": ["no-new-privileges"], "read_only": True},
    {"volumes": ["/tmp:/host:ro", "/anonymous"], "tmpfs": {"/t": "size=1m"}, "privileged": True},
    {"ports": {"80/tcp": ("127.0.0.1", None), "53/udp": None}, "dns": ["1.1.1.1"], "extra_hosts": {"a": "1.2.3.4"}},
    {"restart_policy": {"Name": "on-failure", "MaximumRetryCount": 3}, "init": True, "stop_signal": "USR1"},
    {"ulimits": [docker.types.Ulimit(name="nofile", soft=100, hard=200)], "sysctls": {"net.ipv4.ip_forward": "1"}},
    {"devices": ["/dev/null:/dev/other:rwm"], "group_add": ["5"], "ipc_mode": "shareable", "pid_mode": "host"},
    {"healthcheck": {"test": ["CMD", "true"], "interval": 2_000_000_000}, "tty": True, "stdin_open": True},
    {"log_config": docker.types.LogConfig(type="local", config={"max-size": "1m"}), "entrypoint": ["sh", "-c"]},
    {"mounts": [docker.types.Mount("/b", "/tmp", type="bind", propagation="rslave")], "network_mode": "none"},
)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(options)[:40] or "none")
def test_what_inspect_shows_can_be_created_again(pydock_engine: Engine, options: dict[str, Any]) -> None:
    """As Portainer and Watchtower recreate: with the same Config and HostConfig the same comes out."""
    with sdk(pydock_engine) as client:
        first = client.containers.create(pydock_engine.own("box"), "sleep 9", **options)
        try:
            shown = client.api.inspect_container(first.id)
            body = {**shown["Config"], "HostConfig": shown["HostConfig"]}
            again = client.api.create_container_from_config(body)["Id"]
            other = client.api.inspect_container(again)
            client.api.remove_container(again, v=True, force=True)
        finally:
            first.remove(v=True)
    assert other["Config"] == shown["Config"]
    assert other["HostConfig"] == shown["HostConfig"]
    assert [_without_name(m) for m in other["Mounts"]] == [_without_name(m) for m in shown["Mounts"]]


def _without_name(mount: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mount.items() if key not in ("Name", "Source")}
