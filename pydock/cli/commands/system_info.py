"""`info`."""

from pydock.cli.client_version import client_version
from pydock.cli.exits import Exit
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.quantities import bytes_size
from pydock.cli.spec import Command
from pydock.client import system
from pydock.errors import PydockError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.flags import Options

    JSON = dict[str, Any]


def run(console: "Console", options: "Options", arguments: "list[str]") -> None:
    """Show the engine and this client."""
    client = {**client_version(console, ""), "Debug": console.settings.debug, "Plugins": [], "Warnings": None}
    if options.format:
        _formatted(console, options.format, client)
        return
    out, engine = console.out, console.engine()
    out.write(f"Client:\n Version:    {client['Version']}\n Context:    {client['Context']}\n")
    out.write(f" Debug Mode: {_truth(client['Debug'])}\n\nServer:\n")
    info: JSON | None = None
    try:
        info = system.info(engine)
    except Unavailable:
        raise
    except PydockError as error:
        console.flush()
        console.err.line(f"ERROR: {error.message}")
        raise Exit("errors pretty printing info") from None
    user = (console.config.table("auths").get("https://index.docker.io/v1/") or {}).get("username", "")
    for line in server_lines(info, user, console.settings.debug):
        out.line(line)
    out.line("")
    out.flush()
    for warning in info.get("Warnings") or []:
        console.err.line(warning)


def _formatted(console: "Console", source: str, client: "JSON") -> None:
    from pydock.cli.schema import decode
    from pydock.cli.template.execute import parse
    from pydock.cli.template.nodes import TemplateError

    problems: list[str] = []
    found: JSON = {"ClientInfo": client}
    text = "{{json .}}" if source == "json" else source
    template = None
    try:
        template = parse(text)
    except TemplateError:
        pass
    if template is None or _needs_server(template, text, found):
        try:
            found |= system.info(console.engine())
        except Unavailable as error:
            problems.append(error.message)
        except PydockError as error:
            console.err.line(error.message)
            found["ServerErrors"] = [error.message]
    try:
        console.out.line(parse(text).execute(decode("system.dockerInfo", found)))
    except TemplateError as error:
        if template is not None:
            console.out.line(error.partial)
        code = 64 if template is None else 1
        prefix = "template parsing error: " if template is None else ""
        raise Exit("\n".join([*problems, f"{prefix}{error}"]), code) from None
    if problems:
        raise Exit("\n".join(problems))


def _needs_server(template: "Any", text: str, found: "JSON") -> bool:
    from pydock.cli.schema import decode
    from pydock.cli.template.nodes import TemplateError

    if text == "{{json .}}" or not any(part[:1].isascii() and part[:1].isalpha() for part in text.split(".")[1:]):
        return True
    try:
        template.execute(decode("system.sparseInfo", found))
    except TemplateError:
        return True
    return False


def _truth(value: object) -> str:
    return "true" if value else "false"


def server_lines(info: "JSON", user: str, debug: bool) -> "list[str]":
    """All that is shown of the engine."""
    plugins = info.get("Plugins") or {}
    lines = [
        f" Containers: {info['Containers']}",
        *(f"  {state}: {info['Containers' + state]}" for state in ("Running", "Paused", "Stopped")),
        f" Images: {info['Images']}",
        *_given(info, ("Server Version", "ServerVersion"), ("Storage Driver", "Driver")),
        *(f"  {name}: {value}" for name, value in info.get("DriverStatus") or []),
        *_given(info, ("Logging Driver", "LoggingDriver"), ("Cgroup Driver", "CgroupDriver")),
        *_given(info, ("Cgroup Version", "CgroupVersion")),
        " Plugins:",
    ]
    kinds = [
        kind for kind in ("Volume", "Network", "Authorization", "Log") if kind != "Authorization" or plugins.get(kind)
    ]
    lines += [f"  {kind}: {' '.join(plugins.get(kind) or [])}" for kind in kinds]
    if info.get("CDISpecDirs"):
        lines += [" CDI spec directories:", *(f"  {folder}" for folder in info["CDISpecDirs"])]
    if info.get("DiscoveredDevices"):
        lines += [" Discovered Devices:", *(f"  {d['Source']}: {d['ID']}" for d in info["DiscoveredDevices"])]
    lines.append(f" Swarm: {(info.get('Swarm') or {}).get('LocalNodeState', '')}")
    if info.get("Runtimes"):
        lines += [f" Runtimes: {' '.join(info['Runtimes'])}", f" Default Runtime: {info.get('DefaultRuntime', '')}"]
    if info.get("OSType") == "linux":
        lines += _linux(info)
    lines += _machine(info, user, debug)
    return lines + _registries(info)


def _given(info: "JSON", *pairs: "tuple[str, str]") -> "list[str]":
    return [f" {label}: {info[key]}" for label, key in pairs if info.get(key)]


def _linux(info: "JSON") -> "list[str]":
    lines = [f" Init Binary: {info.get('InitBinary', '')}"]
    commits = (("containerd", "ContainerdCommit"), ("runc", "RuncCommit"), ("init", "InitCommit"))
    lines += [f" {label} version: {(info.get(key) or {}).get('ID', '')}" for label, key in commits]
    options = info.get("SecurityOptions") or []
    if options:
        lines.append(" Security Options:")
    for option in options:
        pairs = dict(part.partition("=")[::2] for part in option.split(","))
        lines.append(f"  {pairs.get('name', option)}")
        if "profile" in pairs:
            lines.append(f"   Profile: {pairs['profile']}")
    return lines


def _machine(info: "JSON", user: str, debug: bool) -> "list[str]":
    lines = _given(
        info,
        ("Kernel Version", "KernelVersion"),
        ("Operating System", "OperatingSystem"),
        ("OSType", "OSType"),
        ("Architecture", "Architecture"),
    )
    lines += [f" CPUs: {info['NCPU']}", f" Total Memory: {bytes_size(info['MemTotal'])}"]
    lines += _given(info, ("Name", "Name"), ("ID", "ID"))
    lines += [f" Docker Root Dir: {info.get('DockerRootDir', '')}", f" Debug Mode: {_truth(info.get('Debug'))}"]
    if info.get("Debug") or debug:
        lines += [f"  File Descriptors: {info.get('NFd')}", f"  Goroutines: {info.get('NGoroutines')}"]
        lines += [f"  System Time: {info.get('SystemTime')}", f"  EventsListeners: {info.get('NEventsListener')}"]
    lines += _given(info, ("HTTP Proxy", "HttpProxy"), ("HTTPS Proxy", "HttpsProxy"), ("No Proxy", "NoProxy"))
    if user:
        lines.append(f" Username: {user}")
    if info.get("Labels"):
        lines += [" Labels:", *(f"  {label}" for label in info["Labels"])]
    return [*lines, f" Experimental: {_truth(info.get('ExperimentalBuild'))}"]


def _registries(info: "JSON") -> "list[str]":
    registries = info.get("RegistryConfig") or {}
    indexes, ranges = registries.get("IndexConfigs") or {}, registries.get("InsecureRegistryCIDRs") or []
    lines: list[str] = []
    if indexes or ranges:
        lines.append(" Insecure Registries:")
        lines += [f"  {index['Name']}" for index in indexes.values() if not index.get("Secure")]
        lines += [f"  {range_}" for range_ in ranges]
    if registries.get("Mirrors"):
        lines += [" Registry Mirrors:", *(f"  {mirror}" for mirror in registries["Mirrors"])]
    lines.append(f" Live Restore Enabled: {_truth(info.get('LiveRestoreEnabled'))}")
    lines += _given(info, ("Product License", "ProductLicense"))
    if pools := info.get("DefaultAddressPools"):
        lines += [" Default Address Pools:", *(f"   Base: {pool['Base']}, Size: {pool['Size']}" for pool in pools)]
    if details := (info.get("FirewallBackend") or {}).get("Info"):  # docker shows none of it
        lines.append(f" Firewall Backend: {info['FirewallBackend'].get('Driver', '')}")
        lines += [f"  {name}: {value}" for name, value in details]
    return lines


COMMAND = Command(
    "[OPTIONS]",
    "Show what the engine and its machine are",
    run,
    (format_flag(INSPECT_HELP, "f"),),
    aliases="system info, info",
)
