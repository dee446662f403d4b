"""How Go quotes text: what is no letter of any script is told by its number, and does nothing to a terminal.

Templates of the client use it, and what the engine says of names that an image or a container chose.
"""

_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\"}


def quote(text: str, mark: str = '"') -> str:
    """`text` as strconv.Quote has it."""
    out: list[str] = []
    for char in text:
        if char == mark:
            out.append("\\" + mark)
        elif char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        elif "\udc80" <= char <= "\udcff":
            out.append(f"\\x{ord(char) - 0xDC00:02x}")
        elif char < " " or char == "\x7f":
            out.append(f"\\x{ord(char):02x}")
        elif ord(char) < 0x10000:
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(f"\\U{ord(char):08x}")
    return mark + "".join(out) + mark


def harmless(text: str) -> str:
    """`text` as a terminal may have it: lines, tabs and bytes that are no UTF-8 stay, the rest is told as above."""
    if text.isprintable():
        return text
    return "".join(char if _may_stay(char) else quote(char)[1:-1] for char in text)


def _may_stay(char: str) -> bool:
    return char.isprintable() or char in "\n\t" or "\ud800" <= char <= "\udfff"
