"""Progress messages as the API writes them, bars included.

Used by the services that stream their progress: pull, push, load, import.
"""

from typing import Any

from pydock.daemon.images.operation import Report

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Messages:
    """Turns news into messages; the `Progress` of pull and push."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def say(self, text: str, id: str = "") -> None:
        """A line of its own."""
        self._report({"status": text, "id": id} if id else {"status": text})

    def update(self, id: str, action: str, current: int = 0, total: int = 0) -> None:
        """The state of one layer, with a bar where there are bytes to count."""
        detail: dict[str, int] = {}
        if current:
            detail["current"] = current
        if total:
            detail["total"] = total
        message: dict[str, Any] = {"status": action, "progressDetail": detail}
        if detail:
            message["progress"] = bar(current, total)
        self._report({**message, "id": id} if id else message)

    def result(self, value: dict[str, object]) -> None:
        """What a program wants to know of the outcome."""
        self._report({"progressDetail": {}, "aux": value})


def bar(current: int, total: int) -> str:
    """``[====>      ]  1.2MB/3.4MB`` as Docker draws it for a wide terminal; without `total` the number alone."""
    if current <= 0 and total <= 0:
        return ""
    if total <= 0:
        return f"{human_size(current):>8}"
    filled = min(50, int(current / total * 100) // 2)
    numbers = f"{human_size(current):>8}" + ("" if current > total else f"/{human_size(total)}")
    return f"[{'=' * filled}>{' ' * (50 - filled)}] {numbers}"


def human_size(size: float) -> str:
    """A size in four significant digits and decimal units: ``1.234MB``."""
    place = 0
    while size >= 1000 and place < len(_UNITS) - 1:
        size /= 1000
        place += 1
    return f"{size:.4g}{_UNITS[place]}"
