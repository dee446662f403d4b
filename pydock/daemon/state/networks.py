"""The networks in the index: one row each, the record as JSON."""

import json
import sqlite3
from typing import Any

from pydock.daemon.state import damaged
from pydock.daemon.state.database import Database
from pydock.daemon.state.schema import Step

STEPS = (
    Step(
        "networks",
        1,
        """
        CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE network_seed (seed BLOB NOT NULL);
        INSERT INTO network_seed VALUES (randomblob(8));
        """,
    ),
)


class NetworkStore:
    """Reads and writes the rows; every call blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> list[tuple[str, str, bytes]]:
        """Every (id, name, record), the record as it is on the disk: JSON where it is not damaged."""
        return self._database.read(
            lambda index: damaged.texts(index, "networks", ("id", "name"), ("CAST(record AS BLOB)",))
        )

    def seed(self) -> bytes:
        """Bytes that are this engine's own: its IPv6 addresses are made of them."""
        return self._database.read(
            lambda connection: bytes(connection.execute("SELECT seed FROM network_seed").fetchone()["seed"])
        )

    def put(self, record: dict[str, Any]) -> None:
        """Enter a network, or put its record in the place of the old one; the same once more is not written."""
        text = json.dumps(record, separators=(",", ":"))

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO networks VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record "
                "WHERE record IS NOT excluded.record OR name IS NOT excluded.name",
                (record["id"], record["name"], text),
            )

        self._database.write(write)

    def remove(self, network_id: str) -> None:
        """Forget a network."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM networks WHERE id = ?", (network_id,))

        self._database.write(write)
