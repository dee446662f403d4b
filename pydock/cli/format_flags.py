"""The `--format` and `--filter` flags that many commands have, and what their values mean."""

from pydock.cli.flags import Flag, listing, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT_HELP = """Format of the output:
'table':            columns under a header (default)
'table TEMPLATE':   columns of a Go template under a header
'json':             JSON
'TEMPLATE':         a Go template"""
INSPECT_HELP = """Format of the output:
'json':             JSON on one line
'TEMPLATE':         a Go template"""


def format_flag(help: str = FORMAT_HELP, short: str = "") -> Flag:
    """`--format`."""
    return text("format", help, short)


def filter_flag(help: str = "Show only what fits the condition") -> Flag:
    """`--filter`."""
    return listing("filter", help, "f", "filter", parse_filter)


def parse_filter(value: str) -> "tuple[str, str] | None":
    """NAME=VALUE as a pair; None for nothing at all."""
    if not value:
        return None
    if "=" not in value:
        raise ValueError("bad format of filter (expected name=value)")
    name, _, text = value.partition("=")
    return name.strip().lower(), text.strip()


def filters(pairs: "Sequence[tuple[str, str] | None]") -> "dict[str, list[str]]":
    """The values by name, as the API takes them."""
    found: dict[str, list[str]] = {}
    for name, value in filter(None, pairs):
        values = found.setdefault(name, [])
        if value not in values:
            values.append(value)
    return found
