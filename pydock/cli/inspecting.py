"""What all inspect commands share: look each name up, show the answers as JSON or through a template, errors last.

A template is tried on the typed value first, and on the plain JSON where that fails, as Docker does.
"""

from pydock.cli.exits import Exit
from pydock.client import json_text
from pydock.errors import PydockError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from pydock.cli.console import Console
    from pydock.cli.template.execute import Template

    #: from a name to the kind of Go struct and the daemon's JSON
    Look = Callable[[str], "tuple[str, bytes]"]


def inspect(console: "Console", names: "Iterable[str]", source: str, look: "Look", raw: bool = True) -> None:
    """Show what `look` finds; `raw` False: only the fields that Go's type has, and no second try on plain JSON."""
    template = _parse(source) if source not in ("", "json") else None
    shown: list[str] = []
    problems: list[str] = []
    for name in names:
        try:
            kind, data = look(name)
            text = data.decode("utf-8", "replace").strip()
            if template is not None:
                shown.append(_execute(template, kind, text, raw) + "\n")
            else:
                shown.append(text if raw else _typed_json(kind, text))
        except PydockError as error:
            problems.append(error.message)
        except Exit as error:
            problems.append(error.message)
    if template is not None:
        console.out.write("".join(shown) or "\n")
    elif not shown:
        console.out.line("[]")
    else:
        whole = f"[{','.join(shown)}]"
        console.out.line(json_text.indent(whole, "    ") if source == "" else _compact(whole))
    if problems:
        raise Exit("\n".join(problems))


def _parse(source: str) -> "Template":
    from pydock.cli.template.execute import parse
    from pydock.cli.template.nodes import TemplateError

    try:
        return parse(source)
    except TemplateError as error:
        raise Exit(f"template parsing error: {error}", 64) from None


def _execute(template: "Template", kind: str, text: str, raw: bool) -> str:
    from pydock.cli.schema import decode
    from pydock.cli.template.nodes import TemplateError

    value = json_text.loads(text)
    try:
        return template.execute(decode(kind, value))
    except TemplateError as error:
        if not raw:
            raise Exit(f"template parsing error: {error}") from None
    try:
        return template.execute(plain(text), missing_is_error=True)
    except TemplateError as error:
        raise Exit(f"template parsing error: {error}") from None


def plain(text: str) -> "Any":
    """JSON without types; numbers stay as they are written."""
    import json

    from pydock.cli.template.values import Number

    return json.loads(text, parse_int=Number, parse_float=Number)


def _typed_json(kind: str, text: str) -> str:
    from pydock.cli.schema import decode
    from pydock.cli.template.encoding import encode, escape_html

    return escape_html(encode(decode(kind, json_text.loads(text))))


def _compact(text: str) -> str:
    out: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        if char == '"':
            end = json_text.string_end(text, index)
            out.append(text[index:end])
            index = end
            continue
        if char not in " \t\r\n":
            out.append(char)
        index += 1
    return "".join(out)
