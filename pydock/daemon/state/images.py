"""Tables of images: their configs, the manifests they came or went by, and their names.

`ImageIndex` is what the image store's `Images` and `Tags` keep their rows in.  The layers and blobs that an image
brings are entered in the same transaction, by `state.layers`.
"""

import sqlite3
from collections.abc import Sequence

from pydock.daemon.state import damaged
from pydock.daemon.state import layers as layer_tables
from pydock.daemon.state.database import Database
from pydock.daemon.state.schema import Step
from pydock.errors import NotFound

STEPS = (
    Step(
        "images",
        1,
        """
        CREATE TABLE images (
            id TEXT PRIMARY KEY,
            config BLOB NOT NULL,
            chain_id TEXT NOT NULL,
            parent TEXT NOT NULL,
            size INTEGER NOT NULL,
            loaded_at INTEGER NOT NULL
        );
        CREATE TABLE manifests (
            digest TEXT NOT NULL,
            media_type TEXT NOT NULL,
            content BLOB NOT NULL,
            image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            PRIMARY KEY (image_id, digest)
        );
        CREATE TABLE names (
            name TEXT PRIMARY KEY,
            image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            set_at INTEGER NOT NULL
        );
        CREATE INDEX names_by_image ON names (image_id);
        """,
    ),
    Step(
        "images",
        2,
        """
        ALTER TABLE images ADD COLUMN tagged_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE names DROP COLUMN set_at;
        """,
    ),
)

_Image = tuple[str, bytes, str, str, int, int, int]
_Manifest = tuple[str, str, bytes, str]
#: what is damaged of an image is made whole by the next one of the same ID
_ENTER = (
    "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
    "SET config = excluded.config, chain_id = excluded.chain_id, parent = excluded.parent, size = excluded.size, "
    "loaded_at = excluded.loaded_at, tagged_at = excluded.tagged_at "
    "WHERE config IS NOT excluded.config OR chain_id IS NOT excluded.chain_id OR size IS NOT excluded.size "
    "OR typeof(loaded_at) IS NOT 'integer' OR typeof(tagged_at) IS NOT 'integer'"
)


class ImageIndex:
    """The index of images in the database; each call is one transaction, durable when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def images(self) -> list[_Image]:
        """All images (`imagestore.index.ImageRow`)."""
        return self._database.read(
            lambda index: [
                (id, config, chain_id, parent, *numbers)
                for id, chain_id, parent, config, *numbers in damaged.texts(
                    index,
                    "images",
                    ("id", "chain_id", "parent"),
                    ("CAST(config AS BLOB)", "size", "loaded_at", "tagged_at"),
                )
            ]
        )

    def config(self, image_id: str) -> bytes:
        """The config of an image as it came; NotFound where it is not here."""
        row = self._database.read(
            lambda connection: connection.execute("SELECT config FROM images WHERE id = ?", (image_id,)).fetchone()
        )
        if row is None:
            raise NotFound(f"No such image: {image_id}")
        return bytes(row[0])

    def enter_image(
        self,
        image: _Image,
        layers: Sequence[tuple[str, str, str, str, int, int]],
        manifests: Sequence[_Manifest],
        names: Sequence[str],
        blobs: Sequence[tuple[str, str, str, int]],
    ) -> None:
        """Enter an image, what is new of its layers and blobs, its manifests, its names (taken from who had them)."""

        def enter(connection: sqlite3.Connection) -> None:
            layer_tables.insert_layers(connection, layers)
            layer_tables.insert_blobs(connection, blobs)
            connection.execute(_ENTER, image)
            for manifest in manifests:
                _insert_manifest(connection, manifest)
            for name in names:
                _insert_name(connection, name, image[0])

        self._database.write(enter)

    def remove_image(self, image_id: str) -> None:
        """Forget an image, its manifests and its names."""
        self._database.write(lambda connection: connection.execute("DELETE FROM images WHERE id = ?", (image_id,)))

    def manifests(self, image_id: str) -> list[_Manifest]:
        """The manifests of an image (`imagestore.index.ManifestRow`)."""
        return self._database.read(
            lambda connection: [
                tuple(row)
                for row in connection.execute(
                    "SELECT digest, media_type, content, image_id FROM manifests WHERE image_id = ? ORDER BY rowid",
                    (image_id,),
                )
            ]
        )

    def add_manifest(self, row: _Manifest) -> None:
        """Enter a manifest of an image that is here."""
        self._database.write(lambda connection: _insert_manifest(connection, row))

    def names(self) -> list[tuple[str, str]]:
        """All (name, image ID)."""
        return self._database.read(lambda connection: damaged.texts(connection, "names", ("name", "image_id")))

    def set_name(self, name: str, image_id: str, tagged_at: int = 0) -> None:
        """Give `name` to an image; taken from the one that had it.  ``tagged_at`` 0 leaves that moment as it is."""

        def set_name(connection: sqlite3.Connection) -> None:
            if connection.execute("SELECT 1 FROM images WHERE id = ?", (image_id,)).fetchone() is None:
                raise NotFound(f"No such image: {image_id}")
            _insert_name(connection, name, image_id)
            if tagged_at:
                connection.execute("UPDATE images SET tagged_at = ? WHERE id = ?", (tagged_at, image_id))

        self._database.write(set_name)

    def remove_names(self, names: Sequence[str]) -> None:
        """Forget names."""
        self._database.write(
            lambda connection: connection.executemany("DELETE FROM names WHERE name = ?", [(name,) for name in names])
        )


def _insert_manifest(connection: sqlite3.Connection, row: _Manifest) -> None:
    connection.execute("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?)", row)


def _insert_name(connection: sqlite3.Connection, name: str, image_id: str) -> None:
    connection.execute("INSERT OR REPLACE INTO names VALUES (?, ?)", (name, image_id))
