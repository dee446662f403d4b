"""Small pieces that several tables show alike: short IDs, cut texts, times."""

import time

from pydock.cli.table import display_width

SHORT = 12


def short_id(identity: str) -> str:
    """Twelve digits of an ID, without its algorithm."""
    return identity.partition(":")[2][:SHORT] if ":" in identity else identity[:SHORT]


def ellipsis(text: str, width: int) -> str:
    """`text`, cut to `width` columns with an ellipsis."""
    if display_width(text) <= width:
        return text
    room = width - 1
    kept = ""
    for char in text:
        room -= display_width(char)
        if room < 0:
            break
        kept += char
    return kept + "…"


def labels(found: "dict[str, str] | None") -> str:
    """`a=1,b=2`, sorted."""
    return ",".join(sorted(f"{name}={value}" for name, value in (found or {}).items()))


def local_time(seconds: float) -> str:
    """A moment as Go prints it: 2024-05-01 12:00:00 +0200 CEST."""
    moment = time.localtime(seconds)
    return f"{moment.tm_year:04}-{time.strftime('%m-%d %H:%M:%S %z %Z', moment)}"  # %Y of 1 is 1


def ago(seconds: float) -> str:
    """How long ago a moment was, in words."""
    from pydock.durations import human

    return f"{human(time.time() - seconds)} ago"


def parse_time(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time, 0.0 for none; digits below a microsecond are dropped."""
    from datetime import datetime

    if not text or text.startswith("0001-01-01"):
        return 0.0
    head, dot, rest = text.partition(".")
    if dot:
        end = 0
        while end < len(rest) and rest[end].isdigit():
            end += 1
        head, rest = f"{head}.{rest[:end][:6]:0<6}", rest[end:]
    else:
        rest = ""
    return datetime.fromisoformat((head + rest).replace("Z", "+00:00")).timestamp()
