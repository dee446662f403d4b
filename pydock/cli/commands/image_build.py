"""`build`: sends a context to the engine and shows how the build goes."""

import os

from pydock.cli import credentials, progress
from pydock.cli.copy.build_context import Context, of_argument
from pydock.cli.create.flags import later
from pydock.cli.create.request import pairs
from pydock.cli.exits import Exit
from pydock.cli.flags import boolean, hidden, integer, listing, text, trust
from pydock.cli.pulling import Silence
from pydock.cli.reference import parse
from pydock.cli.spec import Command
from pydock.client import json_text
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

#: what only BuildKit does
REFUSED_TEXTS: tuple[str, ...] = (
    *("allow", "annotation", "attest", "build-context", "builder", "cache-to", "call", "metadata-file"),
    *("no-cache-filter", "output", "provenance", "sbom", "secret", "ssh"),
)
REFUSED_SWITCHES = ("check", "push")


def build_request(options: "Options", dockerfile: str, remote: str, pull: bool) -> "dict[str, Any]":
    """The query of POST /build."""
    query: dict[str, Any] = {
        "t": options.tag,
        "dockerfile": dockerfile,
        "remote": remote or None,
        "q": options.quiet or None,
        "nocache": options.no_cache or None,
        "rm": options.rm,
        "forcerm": options.force_rm or None,
        "pull": pull or None,
        "squash": options.squash or None,
        "networkmode": options.network if options.network != "default" else None,
        "target": options.target or None,
        "platform": options.platform.lower() or None,
        "extrahosts": options.add_host,
        "securityopt": json_text.dumps(options.security_opt) if options.security_opt else None,
        "cpusetcpus": options.cpuset_cpus or None,
        "cpusetmems": options.cpuset_mems or None,
        "cgroupparent": options.cgroup_parent or None,
        "version": "1",
    }
    numbers = {"cpushares": options.cpu_shares, "cpuquota": options.cpu_quota, "cpuperiod": options.cpu_period}
    numbers |= {"memory": options.memory, "memswap": options.memory_swap, "shmsize": options.shm_size}
    query |= {name: value for name, value in numbers.items() if value}
    arguments = dict(map(_argument, options.build_arg))
    for name, value in (
        ("buildargs", arguments),
        ("labels", pairs(options.label)),
        ("cachefrom", options.cache_from),
        ("ulimits", options.ulimit),
    ):
        if value:
            query[name] = json_text.dumps(value)
    return query


def _argument(item: str) -> "tuple[str, str | None]":
    name, equals, value = item.partition("=")
    return name, value if equals else os.environ.get(name)


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Send the context, show the progress, keep the ID where that is asked for."""
    for flag in (*REFUSED_TEXTS, *REFUSED_SWITCHES):
        if flag.replace("-", "_") in options.changed:
            raise Exit(f"--{flag}: not supported without BuildKit")
    for tag in options.tag:
        try:
            parse(tag)
        except PydockError as error:
            raise Exit(f'invalid argument "{tag}" for "-t, --tag" flag: {error.message}', 125) from None
    context = of_argument(console, arguments[0], options.file)
    if options.iidfile and os.path.exists(options.iidfile):
        os.unlink(options.iidfile)
    query = build_request(options, context.dockerfile, context.remote, options.pull)
    entries = credentials.every(console.config)
    headers = {"Content-Type": "application/x-tar"}
    if entries:
        headers["X-Registry-Config"] = credentials.header(entries)  # type: ignore[arg-type]
    body = _body(console, context, options.quiet)
    response = console.engine().request("POST", "/build", query, headers=headers, body=body)
    found: list[str] = []
    output = Collector() if options.quiet else console.out
    progress.show(response.chunks(), output, lambda message: found.append(str(message["aux"].get("ID", ""))))
    identity = found[-1] if found else ""
    if isinstance(output, Collector):
        console.out.write(output.text)
        identity = identity or output.text.strip()
    if options.iidfile:
        with open(options.iidfile, "w", encoding="utf-8") as file:
            file.write(identity)


def _body(console: "Console", context: "Context", quiet: bool) -> "Any":
    if context.chunks is None:
        return b""
    if not quiet and not console.out.is_terminal():
        console.flush()
    return context.chunks


class Collector(Silence):
    """Keeps what the engine says, which is the ID where it is told to be quiet."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def write_bytes(self, data: "bytes | memoryview") -> None:
        """Keep `data`."""
        self.text += bytes(data).decode("utf-8", "replace")


COMMAND = Command(
    "[OPTIONS] PATH | URL | -",
    "Build an image from a Dockerfile",
    run,
    (
        listing("add-host", "Add a line to /etc/hosts (host:ip)", check=later("extra_host")),
        listing("build-arg", "Set a build-time variable", check=later("environment")),
        listing("cache-from", "Image whose layers may be taken from the cache", kind="strings"),
        text("cgroup-parent", "Cgroup under which the build's containers are made"),
        hidden(boolean("compress", "Compress the context")),
        integer("cpu-period", "Period of the CPU scheduler's quota, in microseconds"),
        integer("cpu-quota", "CPU time in each period, in microseconds"),
        integer("cpu-shares", "CPU weight", "c"),
        text("cpuset-cpus", "CPUs that the build may run on (0-3, 0,1)"),
        text("cpuset-mems", "Memory nodes that the build may use (0-3, 0,1)"),
        trust("Skip image verification"),
        text("file", "The Dockerfile (default: PATH/Dockerfile)", "f"),
        boolean("force-rm", "Remove intermediate containers also when the build fails"),
        text("iidfile", "Write the image's ID to a file"),
        hidden(text("isolation", "Isolation technology")),
        listing("label", "Set a label of the image", check=later("label")),
        boolean("load", "Put the image among the engine's (it always is)"),
        text("memory", "Memory limit", "m", kind="bytes", check=later("size")),
        text("memory-swap", "Limit of memory and swap; -1: no limit", kind="bytes", check=later("size_or_unlimited")),
        text("network", "Network of RUN instructions", default="default"),
        boolean("no-cache", "Don't use the cache"),
        text("platform", "Platform of the image", default=os.environ.get("DOCKER_DEFAULT_PLATFORM", "")),
        text("progress", "How progress is shown (it is always plain)", default="auto"),
        boolean("pull", "Always look for newer base images"),
        boolean("quiet", "Show only the image's ID", "q"),
        boolean("rm", "Remove intermediate containers", default=True),
        listing("security-opt", "Security option"),
        text("shm-size", "Size of /dev/shm", kind="bytes", check=later("size")),
        boolean("squash", "Make one layer of the new ones"),
        listing("tag", "Name of the image", "t"),
        text("target", "Stage to build"),
        listing("ulimit", "Set a resource limit", kind="ulimit", check=later("ulimit")),
        *(hidden(listing(name, "Of BuildKit", "o" if name == "output" else "")) for name in REFUSED_TEXTS),
        *(hidden(boolean(name, "Of BuildKit")) for name in REFUSED_SWITCHES),
    ),
    (1, 1),
    "image build, build, builder build",
)
