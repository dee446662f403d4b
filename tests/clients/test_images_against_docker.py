"""Images, the same on pydock and on a real Docker Engine: commit, import, export, save, load, lists, names, removal."""

import bz2
import gzip
import io
import json
import re
import tarfile
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.clients.change_cases import CHANGES, KINDS, kind
from tests.clients.engines import Engine, File, Outcome, Pair, root_tar

#: on every image that is made here, so that all can be taken away again
LABEL = "pydock-test-images"
#: what an inspected image has that is a matter of the moment or of the directory
_LOCAL = ("GraphDriver", "Metadata")
FULL = ("ENV A=one PORT=99", "LABEL k=v", "EXPOSE 1", "VOLUME /v", "USER u", "WORKDIR /w", "ONBUILD RUN y")


@pytest.fixture(scope="module")
def engines(pydock_engine: Engine, docker_engine: Engine) -> Iterator[Pair]:
    """Both engines, with an image that has something of everything."""
    for engine in (docker_engine, pydock_engine):
        engine.import_image("full", {"v": File(None), "home": File(None), "home/x": File(b"x")}, FULL)
    yield Pair(pydock_engine, docker_engine)
    for engine in (docker_engine, pydock_engine):
        engine.run("rmi -f @full")


@pytest.fixture
def pair(engines: Pair) -> Iterator[Pair]:
    """Both engines; what images a test makes go with it."""
    yield engines
    for engine in (engines.docker, engines.pydock):
        engine.sweep()
        for _ in range(2):
            mine = engine.run(
                ["images", "-aq", "--no-trunc", "--filter", f"label={LABEL}={engine.own('')}"]
            ).out.split()
            names = engine.run(["images", "-q", "--filter", f"reference={engine.own('')}i*"]).out.split()
            if mine or names:
                engine.run(["rmi", "-f", *mine, *names])


def make(on: Engine, name: str, tree: dict[str, File] | None = None, *changes: str) -> str:
    """Import an image that goes when the test ends; its ID."""
    mine = {"made-by": File(on.own("").encode())}  # no layer that somebody else's image has
    on.import_image(name, {**mine, **(tree or {})}, [f"LABEL {LABEL}={on.own('')}", *changes])
    return str(on.inspect("image", name)["Id"])


def shown(on: Engine, name: str) -> Any:
    """What the API shows of an image, without what is local."""
    value = on.api("GET", f"/v1.50/images/{name}/json").value
    return {key: bool(entry) if key == "DockerVersion" else entry for key, entry in value.items() if key not in _LOCAL}


@pytest.mark.parametrize("about", [*KINDS, "other"])
def test_changes(pair: Pair, about: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c @full")
        seen: list[Any] = []
        for changes in (one for one in CHANGES if kind(one) == about):
            query = urlencode(
                [("container", on.own("c")), ("repo", on.own("imade")), *(("changes", one) for one in changes)]
            )
            made = on.api("POST", f"/commit?{query}", {})
            image = on.api("GET", "/images/@imade/json").value if made.status == 201 else None
            seen.append((changes, made, image and image["Config"]))
            flags = [word for change in changes for word in ("--change", change)]
            if about != "other":
                continue
            imported = on.run(["import", *flags, "-", "@iimported"], bytes(10240))
            seen.append((imported, on.inspect("image", "iimported")["Config"] if not imported.code else None))
        on.ok("rm @c")
        return seen

    pair.compare(scene)


def test_commit(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok(["run", "--name", "@c", "-l", "x=y", "-e", "B=2", "@box", "sh", "-c", "echo 1 > /new; rm /bin/wc"])
        on.ok("run -d --name @up @box sleep 100")
        seen = [
            on.run(["commit", "-m", "the message", "-a", "the author", "@c", "@ione:tag"]),
            shown(on, "@ione:tag"),
            on.api("GET", "/images/@ione:tag/history").value[0]["CreatedBy"],
            len(on.api("GET", "/images/@ione:tag/history").value),
            on.run("run --rm @ione:tag sh -c 'cat /new; ls /bin/wc; echo $B'"),
            on.run("commit --pause=false @up @itwo"),
            on.run("commit @up @itwo"),
            shown(on, "@itwo"),
            on.run("commit @none @itwo"),
            on.run("commit @c UPPER"),
            on.run("commit @c @itwo:bad/tag"),
            on.run(["commit", "@c", f"@ione@sha256:{'0' * 64}"]),
            on.api(
                "POST", "/commit?container=@c&repo=@ithree&comment=c&author=a&pause=0", {"Cmd": ["x"], "User": "me"}
            ),
            shown(on, "@ithree"),
            on.api("POST", "/commit?container=@c&repo=@ifour&tag=x", {"Entrypoint": ["e"], "Labels": {"q": "r"}}),
            shown(on, "@ifour:x"),
            on.api("POST", "/commit?repo=@ifive").status,
            on.run("ps --filter name=@up --format {{.State}}"),
        ]
        on.ok("rm -f @c @up")
        return seen

    pair.compare(scene)


def test_commit_without_changes_and_removal_of_parents(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        make(on, "ibase")
        on.ok("create --name @c @ibase")
        seen: list[Any] = [on.run("commit @c @ichild"), shown(on, "@ichild"), on.run("rm @c")]
        on.ok("create --name @c @ichild")
        seen += [
            on.run("commit @c"),
            on.run("rmi @ibase"),
            on.run("rmi -f @ibase"),
            on.run("rmi @ichild"),
            on.run("tag @ibase @iother"),
            on.run("rmi @ibase @iother"),
            on.run("rm @c"),
            on.run("rmi @ichild"),
            on.run("rmi @nothing @ichild"),
        ]
        return seen

    pair.compare(scene)


def test_events(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        since = time.time()
        make(on, "ione")
        on.ok("tag @ione @itwo")
        on.ok("create --name @c @ione")
        on.ok("commit -m hello @c @ithree")
        on.ok("rm @c")
        saved = on.run_bytes("save @ione")
        on.ok("rmi @ione @itwo @ithree")
        on.ok("load -q", saved)
        on.ok("rmi @ione")
        window = ["--since", f"{since:.6f}", "--until", f"{time.time():.6f}"]
        form = "{{.Type}} {{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}"
        lines = on.ok(["events", *window, "--filter", f"label={LABEL}={on.own('')}", "--format", form])
        return lines.splitlines()

    pair.compare(scene)


def test_removal(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        image = make(on, "ione", {"one": File(b"1")}).partition(":")[2]
        on.ok("tag @ione @itwo:x")
        on.ok("tag @ione example.com:5000/a/b:c")
        on.ok("create --name @c @ione")
        return [
            on.run(["rmi", image[:12]]),
            on.run("rmi @itwo"),
            on.run("rmi @itwo:x"),
            on.run("rmi -f @ione"),
            on.run("rmi example.com:5000/a/b:c"),
            on.run(["rmi", image[:12]]),
            on.run(["rmi", "-f", image[:12]]),
            on.run("start @c").code,
            on.run("rm -f @c"),
            on.run(["rmi", "-f", image]),
            on.run("rmi UPPER"),
            on.run("rmi @ione:bad/tag"),
            on.run(["rmi", ""]),
            on.run(["rmi", "-f", "@none"]),
            on.api("DELETE", "/images/@none"),
            on.api("DELETE", "/images/@none?force=1"),
            on.api("DELETE", "/images/UPPER"),
        ]

    pair.compare(scene)


def test_removal_while_a_container_runs(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        image = make(on, "ione", {"one": File(b"1")}).partition(":")[2]
        on.ok("run -d --name @c @ione sleep 100")
        return [
            on.run("rmi @ione"),
            on.run("rmi -f @ione"),
            on.run(["rmi", image[:12]]),
            on.run(["rmi", "-f", image[:12]]),
            on.run("ps -a --filter name=@c --format {{.Image}}"),
            on.run("tag " + image + " @ione"),
            on.run("rm -f @c"),
            on.run("rmi --no-prune @ione"),
        ]

    pair.compare(scene)


def test_tag(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        image = make(on, "ione").partition(":")[2]
        names = ("@itwo", "@itwo:1.0", "UPPER", "@itwo:", "@itwo:-x", ":x", "sha256:abc", f"@itwo@sha256:{'0' * 64}")
        seen: list[Any] = [on.run(["tag", "@ione", name]) for name in names]
        seen += [on.run(["tag", image[:10], "@ithree"]), on.run("tag @none @ifour"), on.run(["tag", "a" * 64, "@ix"])]
        seen.append(on.api("POST", "/images/@ione/tag?repo=a&tag=b/c"))
        return seen, sorted(shown(on, "@ione")["RepoTags"])

    pair.compare(scene)


FILTERS: list[dict[str, Any]] = [
    {"dangling": ["true"]},
    {"dangling": ["false"]},
    {"dangling": ["x"]},
    {"dangling": ["1", "0"]},
    {"before": ["@ib"]},
    {"since": ["@ia"]},
    {"before": ["@none"]},
    {"since": ["@none"]},
    {"reference": ["@ia"]},
    {"reference": ["pdt*-ia*"]},
    {"reference": ["pdt*:two"]},
    {"reference": ["*/*"]},
    {"reference": ["["]},
    {"reference": ["example.com:5000/*/*"]},
    {"until": ["1h"]},
    {"until": ["-1h"]},
    {"until": ["2000-01-01"]},
    {"until": ["nonsense"]},
    {"until": ["2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z"]},
    {"label": ["only"]},
    {"label": ["only=a", "none"]},
    {"label!": ["only"]},
    {"foo": ["x"]},
]


def _name_and_tags(row: dict[str, Any]) -> tuple[str, list[str]]:
    """What to put rows in order by: Docker has those of one second in none."""
    return row["Labels"]["only"], sorted(row["RepoTags"])


def test_lists(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        mine = f"{LABEL}={on.own('')}"
        for name in ("ia", "ib", "ic"):
            make(on, name, {name: File(name.encode())}, f"LABEL only={name}")
        on.ok("tag @ia @ia:two")
        on.ok("tag @ia example.com:5000/q/ia:x")
        on.ok("tag @ia @ic")  # the one that had the name is dangling now
        seen: list[Any] = []
        for filters in FILTERS:
            asked = json.loads(on.fill(json.dumps(filters)))
            asked["label"] = [*asked.get("label", ()), mine]
            answer = on.api("GET", "/v1.50/images/json", filters=asked)
            if answer.status == 200:
                for row in answer.value:
                    row["RepoTags"].sort()
                    row.pop("Created")
                answer.value.sort(key=_name_and_tags)
            # Docker takes the blame for two of these itself
            seen.append((filters, answer.status >= 400, answer.value))
        for flags in ("", "-a", "--digests", "--no-trunc", "--format {{.Repository}}:{{.Tag}}"):
            lines = on.ok(["images", *flags.split(), "--filter", f"label={mine}"]).splitlines()
            # the client itself shows the repositories of an image in no order
            seen.append(sorted(re.sub("(About|Less|[0-9]+) [a-z ]*ago", "", line).split() for line in lines))
        for flags in ("@ia", "@ia:two", "pdt*:two", "@none", "-q @ia"):
            rows = on.ok(["images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}} {{.ID}}", *flags.split()])
            seen.append(sorted(rows.splitlines()))
        seen.append(on.run(["images", "a", "b"]))
        usage = on.api("GET", "/v1.50/images/json", filters={"label": [mine]}, **{"shared-size": "1"})
        usage.value.sort(key=_name_and_tags)
        seen.append([(row["Id"], row["SharedSize"], row["Size"], row["Containers"]) for row in usage.value])
        on.run("rmi example.com:5000/q/ia:x")
        return seen

    pair.compare(scene)


def test_prune(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        mine = f"{LABEL}={on.own('')}"
        for name in ("ia", "ib", "ic", "id"):
            make(on, name, {name: File(name.encode())}, f"LABEL only={name}")
        on.ok("tag @ia @ib")
        on.ok("create --name @c @ic")
        asked: list[dict[str, list[str]]] = [
            {"until": ["2000-01-01T00:00:00Z"]},
            {"label!": ["only=ib"]},
            {"dangling": ["x"]},
            {"foo": ["x"]},
            {"until": ["1h", "2h"]},
            {},
            {"dangling": ["false"], "label!": ["only=ia"]},
            {"dangling": ["false"]},
        ]
        seen: list[Any] = []
        for filters in asked:
            whole = {**filters, "label": [mine]}
            answer = on.api("POST", "/images/prune", filters=whole)
            seen.append((filters, answer.status >= 400, answer.value))  # Docker takes the blame for some itself
        seen.append(on.run(["image", "prune", "-f", "--filter", f"label={mine}"]))
        seen.append(on.run("rm @c"))
        seen.append(on.run(["image", "prune", "-af", "--filter", f"label={mine}"]))
        return seen

    pair.compare(scene)


def test_import(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        tar = root_tar({})
        mark = f"LABEL {LABEL}={on.own('')}"
        seen: list[Any] = [
            on.run(["import", "-c", mark, "-m", "a message", "-", "@ia:x"], tar),
            shown(on, "@ia:x"),
            on.api("GET", "/images/@ia:x/history").value[0]["Comment"],
            on.run(["import", "-c", mark, "--platform", "linux/arm64/v8", "-", "@ib"], tar),
            shown(on, "@ib"),
            on.run(["import", "--platform", "windows/amd64", "-", "@ib"], tar),
            on.run(["import", "--platform", "nonsense", "-", "@ib"], tar),
            on.run(["import", "-c", mark, "-", "@ic"], gzip.compress(tar)),
            on.run(["import", "-c", mark, "-", "@ic"], bz2.compress(tar)),
            shown(on, "@ic")["RootFS"],
            on.run(["import", "-", "UPPER"], tar),
            on.run(["import", "-", "@ic:bad/tag"], tar),
            on.run(["import", "/nope/file", "@ic"]),
            on.run(["import", "http://127.0.0.1:1/x", "@ic"]).code,
            on.run(["import", "-", "@ic"], b"this is no tar at all" * 100).code,
            on.run(["import", "-", "@ic"], tar[:100_000]).code,
            on.api("POST", "/images/create?fromSrc=-&repo=UPPER"),
            on.run("history --format {{.CreatedBy}}|{{.Size}}|{{.Comment}} @ia:x"),
            on.run("history -q @none"),
            on.run("image inspect @none @ia:y"),
            on.run("image inspect -f {{.Os}} @ia:x"),
        ]
        return seen

    pair.compare(scene)


def test_save_and_load(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        image = make(on, "ia", {"a": File(b"a")}).partition(":")[2]
        make(on, "ib", {"b": File(b"b")})
        on.ok("create --name @c @ia")
        on.ok("commit @c @ia:two")
        on.ok("rm @c")
        saved = on.run_bytes("save @ia @ia:two @ib")
        with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
            names = sorted(archive.getnames())
            manifest = json.load(archive.extractfile("manifest.json") or io.BytesIO())
        manifest.sort(key=lambda one: one["RepoTags"])  # Docker saves in no order
        by_id = on.run_bytes(["save", image[:12]])
        # Docker has two more for each image and layer: as engines before 1.10 wrote them
        seen: list[Any] = [[name for name in names if "/" not in name], manifest, loaded(on.run("load", saved))]
        on.ok("rmi -f @ia @ia:two @ib")
        seen += [
            loaded(on.run("load", gzip.compress(saved, 1))),
            loaded(on.run("load -q", bz2.compress(saved, 1))),
            shown(on, "@ia:two"),
            on.run("rmi -f @ia @ia:two @ib").code,  # Docker keeps layers that were loaded twice
            on.run("load", by_id),
            on.run(["images", "--filter", f"label={LABEL}={on.own('')}", "--format", "{{.Repository}}:{{.Tag}}"]),
            on.run("load", b"").code,  # Docker tells of paths of its own
            on.run("load", b"nonsense" * 1000).code,
            on.run("load", saved[: len(saved) // 2]).code,
            on.run("load", bytes(10240)).code,
            on.run("load -i /nope"),
            on.run("save -o /nope/x @ia"),
            on.run("save @none"),
            on.run("save -o /dev/null @none"),
            on.run("save -o /dev/null UPPER"),
            on.api("GET", "/images/get").status,
            on.api("GET", "/images/@none/get"),
        ]
        return seen

    pair.compare(scene)


def loaded(outcome: Outcome) -> list[str]:
    """The images that were loaded."""
    assert (outcome.code, outcome.err) == (0, "")
    return sorted(outcome.out.splitlines())


def test_export_and_diff(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        change = "echo 1 > /new; rm /bin/wc; mkdir -p /d/e; chmod 700 /etc; rm /bin/tr /home/x; echo x > /bin/tr"
        on.ok(["run", "--name", "@c", "--user", "0", "@full", "sh", "-c", change])
        exported = on.run_bytes("export @c")
        with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
            members = sorted((one.name, oct(one.mode), one.type.decode(), one.size, one.linkname) for one in archive)
        copied = on.run_bytes("cp @c:/etc -")
        with tarfile.open(fileobj=io.BytesIO(copied)) as archive:
            # Docker takes a stopped container's address out of its hosts
            files = sorted(
                (one.name, one.name != "etc/hosts" and one.size, str(one.type), oct(one.mode)) for one in archive
            )
        return [
            members,
            files,
            sorted(on.ok("diff @c").splitlines()),
            on.run("diff @none"),
            on.run("export @none"),
            on.run("export -o /nope/x @c"),
        ]

    pair.compare(scene)


def test_manifests_are_asked_for(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        make(on, "ia")
        filters = {"label": [f"{LABEL}={on.own('')}"]}
        rows = on.api("GET", "/v1.50/images/json", filters=filters, manifests="1")
        for row in rows.value:
            row.pop("Created")
        return [
            rows,
            on.api("GET", "/images/@ia/json?manifests=1").value.keys(),
            on.run(["images", "--tree", "--filter", "reference=@none"]),
        ]

    pair.compare(scene)


def test_what_the_engine_writes_is_copied_from_stopped_containers(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c --hostname me --add-host a:1.2.3.4 @box true")
        seen: list[Any] = [copied(on, name) for name in ("hosts", "hostname", "resolv.conf")]
        on.ok("start -a @c")
        seen += [copied(on, name) for name in ("hosts", "hostname", "resolv.conf")]
        put = io.BytesIO()
        with tarfile.open(fileobj=put, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("hosts"))
        seen += [on.run("cp - @c:/etc", put.getvalue()), copied(on, "hosts"), on.run("diff @c"), on.run("rm @c")]
        on.ok("run --name @c --network none --read-only @box true")
        seen += [copied(on, "hosts"), on.run("cp - @c:/etc", put.getvalue()).code]
        on.ok("rm @c")
        on.ok("run --name @c --network host -v /etc/hostname:/etc/hosts:ro @box true")
        return [*seen, len(copied(on, "hosts")[2]) > 0, on.run("cp - @c:/etc", put.getvalue()).code]

    pair.compare(scene)


def copied(on: Engine, name: str) -> list[Any]:
    """What ``cp`` gives of a file in /etc."""
    with tarfile.open(fileobj=io.BytesIO(on.run_bytes(f"cp @c:/etc/{name} -"))) as archive:
        (one,) = archive
        lines = (archive.extractfile(one) or io.BytesIO()).read().decode().splitlines()
        # where the container had an address, Docker takes that out when it stops
        return [one.name, one.mode, [line for line in lines if not line.endswith("\tme")]]


REFUSED = """
images --filter =
images --filter =x
images --filter x
image prune -f --filter =
ps --filter =
volume ls --filter =x
network ls --filter =
create --platform x @full
create --platform a/b/c/d @full
create --platform linux/* @full
create --platform linux/ @full
run --rm --platform x @full true
run --rm --pull never --platform linux/arm64 @full true
history --platform l*/x @full
history --platform / @full
history --platform a/b/c/d @full
history --platform linux/arm64 @full
history --platform windows(10.0)/amd64 @full
save --platform windows( @full
image inspect --platform linux/@ @full
"""


def test_filters_and_platforms_that_are_refused(pair: Pair) -> None:
    def scene(on: Engine) -> Any:
        return [(line, on.run(line)) for line in REFUSED.strip().splitlines()]

    pair.compare(scene)
