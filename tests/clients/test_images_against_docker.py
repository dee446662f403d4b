"""Images, the same on pydock and on a real Docker Engine: commit, import, export, save, load, lists, names, removal."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.clients.engines import Engine, File, Pair

#: on every image that is made here, so that all can be taken away again
LABEL = "pydock-test-images"
#: what an inspected image has that is a matter of the moment or of the directory
_LOCAL = ("GraphDriver", "Metadata")
FULL = ("ENV A=one PORT=99", "LABEL k=v", "EXPOSE 1", "VOLUME /v", "USER u", "WORKDIR /w", "ONBUILD RUN y")


@pytest.fixture(scope="module")
def engines(pydock_engine: Engine, docker_engine: Engine) -> Iterator[Pair]:
    """Both engines, with an image that has something of everything."""
    for engine in (docker_engine, pydock_engine):
        engine.import_image("full", {"v": File(None)}, FULL)
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
    on.import_image(name, tree, [f"LABEL {LABEL}={on.own('')}", *changes])
    return str(on.inspect("image", name)["Id"])


def shown(on: Engine, name: str) -> Any:
    """What the API shows of an image, without what is local."""
    value = on.api("GET", f"/images/{name}/json").value
    return {key: entry for key, entry in value.items() if key not in _LOCAL}


CHANGES = [
    ["CMD true"],
    ['CMD ["a", "b c"]'],
    ["CMD []"],
    ["CMD"],
    ["cmd [ not json"],
    ['ENTRYPOINT ["/bin/x"]'],
    ["ENTRYPOINT /bin/x y"],
    ["ENTRYPOINT []"],
    ["ENTRYPOINT"],
    ['ENTRYPOINT ["x"]', "CMD y"],
    ["CMD y", 'ENTRYPOINT ["x"]'],
    ["ENV a=b c=d"],
    ["ENV a b c"],
    ["ENV a"],
    ["ENV"],
    ["ENV =x"],
    ["ENV a=b c"],
    ["ENV A=changed NEW=$A-${A}-${B:-none}-${A:+yes}"],
    ["ENV x='single $A' y=\"double $A\" z=a\\ b"],
    ["ENV x=${A", "ENV y=1"],
    ["ENV x=${A:?no}"],
    ["ENV x=${NONE:?no}"],
    ["ENV x=${NONE?}"],
    ["ENV x=${A#o} y=${A%e} z=${A/n/N}"],
    ["ENV x=${A^^}"],
    ['ENV x="unclosed'],
    ["ENV x='unclosed"],
    ["ENV x=\\$A"],
    ["LABEL a=b"],
    ["LABEL a b c"],
    ["LABEL a"],
    ["LABEL"],
    ["LABEL =b"],
    ['LABEL "quoted key"="quoted value" other=$A'],
    ["EXPOSE 80"],
    ["EXPOSE 80/tcp 81/udp 82/sctp"],
    ["EXPOSE 90-92/udp"],
    ["EXPOSE 92-90"],
    ["EXPOSE 80/nope"],
    ["EXPOSE x"],
    ["EXPOSE 70000"],
    ["EXPOSE"],
    ["EXPOSE $PORT"],
    ["EXPOSE 127.0.0.1:80:81"],
    ["EXPOSE 80:81"],
    ["EXPOSE 80/TCP"],
    ["EXPOSE /tcp"],
    ["EXPOSE 80/"],
    ["HEALTHCHECK NONE"],
    ["HEALTHCHECK NONE x"],
    ["HEALTHCHECK CMD true"],
    ['HEALTHCHECK CMD ["a", "b"]'],
    ["HEALTHCHECK --interval=5s --timeout=1m --start-period=2h --start-interval=3s --retries=4 CMD true"],
    ["HEALTHCHECK --interval=1us CMD true"],
    ["HEALTHCHECK --interval=x CMD true"],
    ["HEALTHCHECK --interval=0 CMD true"],
    ["HEALTHCHECK --interval=-5s CMD true"],
    ["HEALTHCHECK --retries=x CMD true"],
    ["HEALTHCHECK --retries=-1 CMD true"],
    ["HEALTHCHECK --retries=0 CMD true"],
    ["HEALTHCHECK --foo=1 CMD true"],
    ["HEALTHCHECK --interval CMD true"],
    ["HEALTHCHECK --interval=1s --interval=2s CMD true"],
    ["HEALTHCHECK --interval=1s"],
    ["HEALTHCHECK CMD"],
    ["HEALTHCHECK FOO true"],
    ["HEALTHCHECK"],
    ["ONBUILD RUN x"],
    ["ONBUILD ONBUILD RUN x"],
    ["ONBUILD FROM x"],
    ["ONBUILD MAINTAINER x"],
    ["ONBUILD nonsense x"],
    ["ONBUILD"],
    ["STOPSIGNAL SIGUSR1"],
    ["STOPSIGNAL 9"],
    ["STOPSIGNAL nope"],
    ["STOPSIGNAL 1000"],
    ["STOPSIGNAL"],
    ["STOPSIGNAL a b"],
    ["USER me"],
    ["USER 1:2"],
    ["USER $A"],
    ["USER a b"],
    ["USER"],
    ["VOLUME /a"],
    ['VOLUME ["/a", "/b"]'],
    ["VOLUME /a /b"],
    ["VOLUME []"],
    ['VOLUME [""]'],
    ["VOLUME"],
    ["VOLUME relative"],
    ["WORKDIR /a/b"],
    ["WORKDIR rel"],
    ["WORKDIR /a", "WORKDIR b", "WORKDIR ../c"],
    ["WORKDIR"],
    ["WORKDIR $A/x"],
    ["RUN x"],
    ["COPY a b"],
    ["FROM x"],
    ["MAINTAINER x"],
    ['SHELL ["a"]'],
    ["ARG x=y"],
    ["nonsense"],
    ["# comment"],
    [""],
    ["ENV a=b \\\n  c=d\nUSER x"],
    ["CMD true", "USER me", "CMD false"],
    ["CMD --flag=x true"],
    ["USER --flag=x"],
    ["   USER   me   "],
    ["USER\tme"],
    ["ENV a=b # no comment"],
]


def kind(changes: list[str]) -> str:
    """What a change is about: those of a kind are one test."""
    words = changes[0].split()
    return words[0].lower() if words and f"{words[0].lower()}" in KINDS else "other"


KINDS = ("cmd", "entrypoint", "env", "label", "expose", "healthcheck", "onbuild", "stopsignal", "user", "volume")


@pytest.mark.parametrize("about", [*KINDS, "other"])
def test_changes(pair: Pair, about: str) -> None:
    def scene(on: Engine) -> Any:
        on.ok("create --name @c @full")
        seen = []
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
