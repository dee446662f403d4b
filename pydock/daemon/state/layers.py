"""Tables of layers, of their compressed forms and of containers' writable layers.

`LayerIndex` and `SnapshotIndex` are what the image store's `Layers` and `Snapshots` keep their rows in.  The functions
beside them enter rows in a transaction that somebody else has begun: an image's, a container's.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from pydock.daemon.state import damaged
from pydock.daemon.state.database import Database
from pydock.daemon.state.schema import Step
from pydock.errors import Conflict

STEPS = (
    Step(
        "layers",
        1,
        """
        CREATE TABLE layers (
            chain_id TEXT PRIMARY KEY,
            parent TEXT NOT NULL,
            diff_id TEXT NOT NULL,
            cache_id TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL,
            tar_size INTEGER NOT NULL
        );
        CREATE TABLE layer_blobs (
            digest TEXT PRIMARY KEY,
            diff_id TEXT NOT NULL,
            media_type TEXT NOT NULL,
            size INTEGER NOT NULL
        );
        CREATE TABLE blob_sources (
            digest TEXT NOT NULL REFERENCES layer_blobs (digest) ON DELETE CASCADE,
            repository TEXT NOT NULL,
            UNIQUE (digest, repository) ON CONFLICT REPLACE
        );
        CREATE TABLE snapshots (
            key TEXT PRIMARY KEY,
            cache_id TEXT NOT NULL UNIQUE,
            chain_id TEXT NOT NULL,
            init_id TEXT NOT NULL
        );
        CREATE TABLE inits (
            chain_id TEXT PRIMARY KEY,
            cache_id TEXT NOT NULL UNIQUE
        );
        """,
    ),
    Step("layers", 2, "DROP TABLE blob_sources;"),
)

_Layer = tuple[str, str, str, str, int, int]
_Blob = tuple[str, str, str, int]
_Snapshot = tuple[str, str, str, str]
_Init = tuple[str, str]


def insert_layers(connection: sqlite3.Connection, rows: Iterable[_Layer]) -> None:
    """Enter layers (`imagestore.index.Layer`)."""
    connection.executemany("INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?)", rows)


def insert_blobs(connection: sqlite3.Connection, rows: Iterable[_Blob]) -> None:
    """Enter compressed layers (`imagestore.index.BlobRow`); nothing happens to those that are there."""
    connection.executemany("INSERT OR IGNORE INTO layer_blobs VALUES (?, ?, ?, ?)", rows)


def insert_snapshot(connection: sqlite3.Connection, row: _Snapshot) -> None:
    """Enter a snapshot (`imagestore.index.SnapshotRow`); Conflict where the key has one."""
    try:
        connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?)", row)
    except sqlite3.IntegrityError as error:
        raise Conflict(f"snapshot {row[0]} exists") from error


def delete_snapshot(connection: sqlite3.Connection, key: str) -> None:
    """Forget a snapshot."""
    connection.execute("DELETE FROM snapshots WHERE key = ?", (key,))


class LayerIndex:
    """The index of layers in the database; each call is one transaction, durable when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def layers(self) -> list[_Layer]:
        """All layers (`imagestore.index.Layer`)."""
        columns = ("chain_id", "parent", "diff_id", "cache_id")
        return self._database.read(lambda index: damaged.texts(index, "layers", columns, ("size", "tar_size")))

    def remove_layers(self, chain_ids: Sequence[str]) -> None:
        """Forget layers."""
        _delete(self._database, "DELETE FROM layers WHERE chain_id = ?", chain_ids)

    def blobs(self) -> list[_Blob]:
        """All compressed layers (`imagestore.index.BlobRow`)."""
        columns = ("digest", "diff_id", "media_type")
        return self._database.read(lambda index: damaged.texts(index, "layer_blobs", columns, ("size",)))

    def add_blob(self, row: _Blob) -> None:
        """Enter a compressed layer."""
        self._database.write(lambda connection: insert_blobs(connection, [row]))

    def remove_blobs(self, digests: Sequence[str]) -> None:
        """Forget compressed layers."""
        _delete(self._database, "DELETE FROM layer_blobs WHERE digest = ?", digests)


class SnapshotIndex:
    """The index of containers' writable layers in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def snapshots(self) -> list[_Snapshot]:
        """All snapshots (`imagestore.index.SnapshotRow`)."""
        columns = ("key", "cache_id", "chain_id", "init_id")
        return self._database.read(lambda index: damaged.texts(index, "snapshots", columns))

    def add_snapshot(self, row: _Snapshot) -> None:
        """Enter a snapshot; Conflict where the key has one."""
        self._database.write(lambda connection: insert_snapshot(connection, row))

    def remove_snapshot(self, key: str) -> None:
        """Forget a snapshot."""
        self._database.write(lambda connection: delete_snapshot(connection, key))

    def inits(self) -> list[_Init]:
        """All init directories (`imagestore.index.InitRow`)."""
        return self._database.read(lambda index: damaged.texts(index, "inits", ("chain_id", "cache_id")))

    def add_init(self, row: _Init) -> None:
        """Enter an init directory, in the place of one whose row is damaged."""
        self._database.write(lambda connection: connection.execute("INSERT OR REPLACE INTO inits VALUES (?, ?)", row))

    def remove_inits(self, chain_ids: Sequence[str]) -> None:
        """Forget init directories."""
        _delete(self._database, "DELETE FROM inits WHERE chain_id = ?", chain_ids)


def _delete(database: Database, statement: str, keys: Sequence[str]) -> None:
    if keys:
        database.write(lambda connection: connection.executemany(statement, [(key,) for key in keys]))
