"""Sizes, durations and times: how users write them and how Docker shows them.  Called by options and formatters."""

from pydock.go_text import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_UNITS = "kmgtp"
_LARGEST = (1 << 63) - 1
DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def _scaled(text: str, base: int) -> int:
    # a number, a blank, and a suffix such as b, k, kb, kib in any case: all up to the last digit is the number's
    end = max(text.rfind(char) for char in "0123456789. ") + 1
    if not end:
        raise ValueError(f"invalid size: '{text}'")
    number, suffix = text[:end].removesuffix(" "), text[end:]
    size = _float(number)
    if size < 0:
        raise ValueError(f"invalid size: '{text}'")
    scale = 1
    if suffix:
        if len(suffix) <= 3:
            suffix = suffix.lower()
        if suffix != "b":
            if len(suffix) > 3 or suffix[0] not in _UNITS or suffix[1:] not in ("", "b", "ib"):
                raise ValueError(f"invalid suffix: '{suffix}'")
            scale = base ** (_UNITS.index(suffix[0]) + 1)
    return min(int(size * scale), _LARGEST)


def _float(text: str) -> float:
    wrong = f"strconv.ParseFloat: parsing {quote(text)}: "
    try:
        size = float(text if set(text) <= set("+-._0123456789eE") else "")
    except ValueError:
        raise ValueError(f"{wrong}invalid syntax") from None
    if size in (float("inf"), -float("inf")):
        raise ValueError(f"{wrong}value out of range")
    return size


def ram_size(text: str) -> int:
    """Bytes of `512m`, `1.5g`, `2 KiB`: units are powers of 1024."""
    return _scaled(text, 1024)


def duration(text: str) -> int:
    """Nanoseconds of `1h2m3.5s`, as Go's time.ParseDuration reads it."""
    rest = text
    sign = 1
    if rest[:1] in ("+", "-"):
        sign = -1 if rest[0] == "-" else 1
        rest = rest[1:]
    if rest == "0":
        return 0
    total = 0
    wrong = f'time: invalid duration "{text}"'
    if not rest:
        raise ValueError(wrong)
    while rest:
        end = 0
        while end < len(rest) and rest[end] in "0123456789.":
            end += 1
        number, rest = rest[:end], rest[end:]
        whole, _, part = number.partition(".")
        if number in ("", ".") or "." in part:
            raise ValueError(wrong)
        end = 0
        while end < len(rest) and rest[end] not in "0123456789.":
            end += 1
        unit, rest = rest[:end], rest[end:]
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in NANOSECONDS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        scale = NANOSECONDS[unit]
        total += int(whole or "0") * scale + (int(part) * scale // 10 ** len(part) if part else 0)
    if total > (1 << 63) - 1:
        raise ValueError(wrong)
    return sign * total


def show_size(size: float, base: float = 1000.0, units: "Sequence[str]" = DECIMAL, digits: int = 4) -> str:
    """`size` with three or four significant digits and a unit: 1.23MB."""
    index = 0
    while size >= base and index < len(units) - 1:
        size /= base
        index += 1
    return f"{significant(size, digits)}{units[index]}"


def significant(value: float, digits: int) -> str:
    """`value` as C's %.{digits}g writes it, without an exponent's leading zeros cut (Go has two digits too)."""
    return f"{value:.{digits}g}"


def human_size(size: float) -> str:
    """As Docker shows sizes of images and containers: three digits, powers of 1000."""
    return show_size(size, 1000.0, DECIMAL, 3)


def bytes_size(size: float) -> str:
    """As Docker shows memory: four digits, powers of 1024."""
    return show_size(size, 1024.0, BINARY, 4)
