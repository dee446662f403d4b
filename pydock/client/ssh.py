"""Connections to a daemon on another machine through ssh(1).  Called by `wire` for addresses with ssh://.

There `system dial-stdio` passes standard input and output on to the daemon's socket; pydock's, or Docker's client where
that machine has no pydock.
"""

import os
import shlex
from socket import socket, socketpair

from pydock.client.address import Address
from pydock.errors import Unavailable

#: ssh says itself what goes wrong, on standard error
OPTIONS = ("-o", "ConnectTimeout=30", "-T")


def command(address: Address) -> list[str]:
    """The command line."""
    user, _, host = address.host.rpartition("@")
    words = ["ssh", *(("-l", user) if user else ()), *(("-p", str(address.port)) if address.port else ())]
    at = f" --host {shlex.quote('unix://' + address.path)}" if address.path else ""
    there = f"command -v pydock >/dev/null && exec pydock{at} system dial-stdio; exec docker{at} system dial-stdio"
    return [*words, *OPTIONS, "--", host, there]


def connect(address: Address) -> socket:
    """One end of a socket pair; ssh has the other as its standard input and output."""
    ours, theirs = socketpair()
    with theirs:
        actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), descriptor) for descriptor in (0, 1)]
        try:
            os.posix_spawnp("ssh", command(address), os.environ, file_actions=actions)
        except OSError as error:
            ours.close()
            raise Unavailable(f"error during connect: ssh: {(error.strerror or '').lower()}") from error
    return ours
