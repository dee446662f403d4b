"""Reading rows of which some may be damaged: SQLite says nothing of a whole answer where one text in it is none.

So texts are read as ``CAST(column AS BLOB)``, and made texts one row at a time.  Called by the tables' modules.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any


def texts(connection: sqlite3.Connection, table: str, columns: Sequence[str], others: Sequence[str] = ()) -> list[Any]:
    """The rows of `table` as tuples: its text `columns`, whatever stands there, then `others` as they are."""
    wanted = ", ".join((*(f"CAST({column} AS BLOB)" for column in columns), *others))
    rows = connection.execute(f"SELECT {wanted} FROM {table}")
    return [(*map(_text, row[: len(columns)]), *row[len(columns) :]) for row in rows]


def _text(value: bytes) -> str:
    """The text of a column, in a form that can be told where it is none."""
    return value.decode("utf-8", "backslashreplace")
