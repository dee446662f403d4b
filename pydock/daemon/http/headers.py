"""The headers of a request: names without regard to case, several values a name.

Made by the connection from what h11 parsed; read by routes, hijack and websocket.
"""

from collections.abc import Iterable, Iterator


class Headers:
    """The header fields of one request."""

    def __init__(self, fields: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str, default: str = "") -> str:
        """The first value of `name`, `default` where there is none."""
        values = self._values.get(name.lower())
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """Every value of `name`, in order."""
        return list(self._values.get(name.lower(), ()))

    def tokens(self, name: str) -> list[str]:
        """The comma-separated tokens of all values of `name`, in lower case."""
        return [token.strip().lower() for value in self.all(name) for token in value.split(",") if token.strip()]

    def items(self) -> Iterator[tuple[str, str]]:
        """Every name (in lower case) with each of its values."""
        for name, values in self._values.items():
            for value in values:
                yield name, value
