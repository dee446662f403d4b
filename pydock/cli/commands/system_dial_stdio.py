"""`system dial-stdio`: standard input and output as a connection to the daemon; what a client with ssh:// starts."""

import threading

from pydock.cli.console import Console, write_to
from pydock.cli.flags import Options
from pydock.cli.spec import Command
from pydock.client import wire

STDOUT = 1


def run(console: Console, options: Options, arguments: list[str]) -> None:
    """Pass bytes on both ways until the daemon ends its side."""
    connection = wire.Connection(console.engine().address)
    threading.Thread(target=_inward, args=(console.stdin, connection), daemon=True).start()
    while data := connection.receive(wire.READ_SIZE):
        write_to(STDOUT, data)
    connection.close()


def _inward(source: int, connection: wire.Connection) -> None:
    try:
        while data := wire.read_from(source, wire.READ_SIZE):
            connection.send(data)
    except OSError:
        pass  # the daemon is gone: the other direction sees it
    connection.close_write()


COMMAND = Command("", "Connect standard input and output to the daemon", run, ())
