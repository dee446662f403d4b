"""The table of volumes: one row each; what refers to a volume is the containers' affair.

Called by the volumes service within the database's transactions.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping

from pydock.daemon.state import damaged
from pydock.daemon.state.schema import Step

STEPS = (
    Step(
        "volumes",
        1,
        """
        CREATE TABLE volumes (
            name TEXT PRIMARY KEY,
            created INTEGER NOT NULL,
            anonymous INTEGER NOT NULL,
            labels TEXT NOT NULL,
            options TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
    ),
)

#: name, created (nanoseconds), anonymous, labels, options
Row = tuple[str, int, bool, Mapping[str, str] | None, Mapping[str, str] | None]


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Enter a volume."""
    name, created, anonymous, labels, options = row
    connection.execute(
        "INSERT INTO volumes VALUES (?, ?, ?, ?, ?)",
        (name, created, anonymous, json.dumps(_plain(labels)), json.dumps(_plain(options))),
    )


def delete(connection: sqlite3.Connection, name: str) -> None:
    """Forget a volume."""
    connection.execute("DELETE FROM volumes WHERE name = ?", (name,))


def all_rows(connection: sqlite3.Connection) -> Iterator[tuple[str, Row | None]]:
    """Every volume by its name; None where its row is damaged."""
    others = ("created", "anonymous", "CAST(labels AS BLOB)", "CAST(options AS BLOB)")
    for name, created, anonymous, labels, options in damaged.texts(connection, "volumes", ("name",), others):
        try:
            yield name, (name, created + 0, bool(anonymous), _texts(labels), _texts(options))
        except (ValueError, TypeError):
            yield name, None


def _texts(text: bytes) -> dict[str, str] | None:
    values = json.loads(text)
    if values is not None and not all(isinstance(value, str) for value in dict(values).values()):
        raise ValueError("a value is no text")
    return values  # type: ignore[no-any-return]


def _plain(values: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if values is None else dict(values)
