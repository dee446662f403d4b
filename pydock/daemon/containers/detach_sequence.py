"""The detach keys as users write them ("ctrl-p,ctrl-q") to the bytes that a terminal sends.  Pure; attach and exec."""

from pydock.errors import InvalidParameter

#: ctrl-p, ctrl-q
DEFAULT = "\x10\x11"
_CONTROL = {f"ctrl-{chr(code + 96)}": chr(code) for code in range(1, 27)} | {
    "ctrl-@": "\x00", "ctrl-[": "\x1b", "ctrl-\\": "\x1c", "ctrl-]": "\x1d", "ctrl-^": "\x1e", "ctrl-_": "\x1f",
}  # fmt: skip


def parse(text: str, kind: str = "detach") -> str:
    """The bytes, in latin-1; Docker's default where `text` is empty.  `kind`: what the error calls them."""
    if not text:
        return DEFAULT
    keys = []
    for key in text.split(","):
        if len(key) == 1 and key.isascii():
            keys.append(key)
        elif key in _CONTROL:
            keys.append(_CONTROL[key])
        else:
            raise InvalidParameter(f"Invalid {kind} keys ({text}) provided")
    return "".join(keys)
