"""`context inspect`."""

from typing import Any

from pydock.cli import contexts
from pydock.cli.client_version import current_context
from pydock.cli.console import Console
from pydock.cli.flags import Options
from pydock.cli.format_flags import INSPECT_HELP, format_flag
from pydock.cli.inspecting import inspect
from pydock.cli.spec import Command
from pydock.cli.template.encoding import escape_html
from pydock.client import address, json_text


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Show the contexts, by default the one in use."""
    folder = console.settings.config_directory(console.environ)

    def look(name: str) -> tuple[str, bytes]:
        if name == "default":
            host = address.parse(address.choose(console.settings.host, console.environ)).text
            meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
            storage = {"MetadataPath": "<IN MEMORY>", "TLSPath": "<IN MEMORY>"}
            return "any", _encode({**meta, "TLSMaterial": {}, "Storage": storage})
        meta = contexts.read(folder, name)
        files = sorted(contexts.tls_files(folder, name))
        storage = {
            "MetadataPath": contexts.folder(folder, "meta", name),
            "TLSPath": contexts.folder(folder, "tls", name),
        }
        whole = {**meta, "TLSMaterial": {"docker": files} if files else {}, "Storage": storage}
        return "any", _encode(whole)

    inspect(console, arguments or [current_context(console)], options.format, look)


def _encode(whole: dict[str, Any]) -> bytes:
    return escape_html(json_text.dumps_go(whole)).encode()


COMMAND = Command(
    "[OPTIONS] [CONTEXT] [CONTEXT...]", "Show contexts in detail", run, (format_flag(INSPECT_HELP, "f"),), (0, -1)
)
