"""The schema as numbered steps: each resource's module in this package declares its own, main joins them.

A step that stands in a released version is never changed; what is new is a further step.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from pydock.errors import System


@dataclass(frozen=True, slots=True)
class Step:
    """One step: SQL statements, divided by semicolons, that take `resource` from `number` - 1 to `number`."""

    resource: str
    number: int
    sql: str


def migrate(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Run, each in a transaction, the steps that the database has not had; refuse one of a newer engine."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema (resource TEXT PRIMARY KEY, number INTEGER NOT NULL)")
    have: dict[str, int] = {row[0]: row[1] for row in connection.execute("SELECT resource, number FROM schema")}
    wanted: dict[str, int] = {}
    for step in steps:
        if step.number != wanted.get(step.resource, 0) + 1:
            raise System(f"schema step {step.resource} {step.number} is out of order")
        wanted[step.resource] = step.number
    for resource, number in have.items():
        if number > wanted.get(resource, 0):
            raise System(f"the database was written by a newer version of the engine (schema {resource} {number})")
    for step in steps:
        if step.number > have.get(step.resource, 0):
            _apply(connection, step)


def _apply(connection: sqlite3.Connection, step: Step) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(step.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO schema VALUES (?, ?) ON CONFLICT (resource) DO UPDATE SET number = excluded.number",
            (step.resource, step.number),
        )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(sql: str) -> list[str]:
    """Divide `sql` where sqlite3 says that a statement is complete (executescript would commit on its own)."""
    statements, rest = [], ""
    for piece in sql.split(";"):
        rest += piece + ";"
        if sqlite3.complete_statement(rest):
            if rest.strip(" \t\n;"):
                statements.append(rest)
            rest = ""
    return statements
