"""The table of containers: one row each, the record as JSON text.

Called by the catalog within the database's transactions; what the text holds is `persistence`'s affair.
"""

import sqlite3

from pydock.daemon.state import damaged
from pydock.daemon.state.schema import Step

STEPS = (
    Step(
        "containers",
        1,
        """
        CREATE TABLE containers (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            record TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
    ),
)


def insert(connection: sqlite3.Connection, id: str, name: str, record: str) -> None:
    """Enter a container."""
    connection.execute("INSERT INTO containers VALUES (?, ?, ?)", (id, name, record))


def update(connection: sqlite3.Connection, id: str, name: str, record: str) -> None:
    """Replace a container's row; nothing happens where there is none."""
    connection.execute("UPDATE containers SET name = ?, record = ? WHERE id = ?", (name, record, id))


def delete(connection: sqlite3.Connection, id: str) -> None:
    """Forget a container."""
    connection.execute("DELETE FROM containers WHERE id = ?", (id,))


def all_rows(connection: sqlite3.Connection) -> list[tuple[str, str, bytes]]:
    """Every (id, name, record), the record as it is on the disk: UTF-8 where it is not damaged."""
    return damaged.texts(connection, "containers", ("id", "name"), ("CAST(record AS BLOB)",))
