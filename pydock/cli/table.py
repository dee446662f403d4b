"""Lists: rows under a header, aligned, or rows through a template.  Called by every command that lists.

A plain format (`table {{.A}}\\t{{.B}}`) is rendered without the template engine, which then need not be imported.
"""

from pydock.cli.exits import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from pydock.cli.console import Output
    from pydock.cli.template.values import Row

MINIMUM, PADDING = 10, 3


def display_width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(char) in ("W", "F") else 1 for char in text)


def align(lines: "Sequence[str]", minimum: int = MINIMUM, padding: int = PADDING) -> "list[str]":
    """`lines` with their tab-separated cells in columns, as text/tabwriter does it.

    A column is a run of neighbouring lines that all have that cell, closed by a tab; the last cell of a line is free.
    """
    cells = [line.split("\t") for line in lines]
    out = [""] * len(lines)
    _align(cells, out, 0, len(cells), 0, minimum, padding)
    return [text + row[-1] for text, row in zip(out, cells, strict=True)]


def _align(
    cells: "list[list[str]]", out: "list[str]", first: int, last: int, column: int, minimum: int, padding: int
) -> None:
    start = first
    while start < last:
        if len(cells[start]) - 1 <= column:
            start += 1
            continue
        end = start
        while end < last and len(cells[end]) - 1 > column:
            end += 1
        width = max([minimum, *[display_width(row[column]) + padding for row in cells[start:end]]])
        for number in range(start, end):
            text = cells[number][column]
            out[number] += text + " " * (width - display_width(text))
        _align(cells, out, start, end, column + 1, minimum, padding)
        start = end


def plain_columns(template: str) -> "list[str] | None":
    """The columns of a format that is nothing but fields between tabs."""
    names: list[str] = []
    for part in template.split("\t"):
        if not (part.startswith("{{.") and part.endswith("}}") and part[3:-2].isalnum()):
            return None
        names.append(part[3:-2])
    return names


def render(output: "Output", rows: "Iterable[Row]", header: "Mapping[str, str]", source: str) -> None:
    """Write `rows` in the format `source`: `table ...`, `json`, or a template."""
    is_table = source.startswith("table")
    text = source[5:] if is_table else "{{json .}}" if source == "json" else source
    text = text.strip(" ").replace("\\t", "\t").replace("\\n", "\n")
    columns = plain_columns(text)
    write = output.told
    if columns and all(name in header for name in columns):
        lines = ["\t".join([_text(getattr(row, name)()) for name in columns]) for row in rows]
        head = "\t".join([header[name] for name in columns])
    else:
        lines, head = _through_template(text, rows, header, is_table)
        write = output.line  # there may be colours in it, to be seen
    if is_table:
        lines = align([line for entry in [head, *lines] for line in entry.split("\n")])
    for line in lines:
        write(line)


def _text(value: "Any") -> str:
    if isinstance(value, str):
        return value
    from pydock.cli.template.printing import show

    return "<nil>" if value is None else show(value)


def _through_template(
    text: str, rows: "Iterable[Row]", header: "Mapping[str, str]", is_table: bool
) -> "tuple[list[str], str]":
    from pydock.cli.template.execute import parse
    from pydock.cli.template.functions import HEADER_FUNCTIONS
    from pydock.cli.template.nodes import TemplateError
    from pydock.cli.template.values import Header

    head = ""
    try:
        template = parse(text)
        lines = [template.execute(row) for row in rows]
    except TemplateError as error:
        raise Exit(f"template parsing error: {error}") from None
    if is_table:
        try:
            head = template.execute(Header(header), extra=HEADER_FUNCTIONS)
        except TemplateError as error:
            head = error.partial  # nobody hears of it, and what there is stays
    return lines, head
