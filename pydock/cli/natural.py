"""Sorting as people count: `web2` before `web10`.  Called by the commands whose lists Docker sorts so."""


def natural_key(text: str) -> "list[tuple[int, int, str]]":
    """A sort key in which runs of digits count as numbers."""
    key: list[tuple[int, int, str]] = []
    index = 0
    while index < len(text):
        start = index
        digits = text[index] in "0123456789"
        while index < len(text) and (text[index] in "0123456789") == digits:
            index += 1
        part = text[start:index]
        key.append((0, int(part), part) if digits else (1, 0, part))
    return key
