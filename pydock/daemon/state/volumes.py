"""The table of volumes: one row each; what refers to a volume is the containers' affair.

Called by the volumes service within the database's transactions.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping

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


def all_rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Every volume."""
    for name, created, anonymous, labels, options in connection.execute("SELECT * FROM volumes"):
        yield name, created, bool(anonymous), json.loads(labels), json.loads(options)


def _plain(values: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if values is None else dict(values)
