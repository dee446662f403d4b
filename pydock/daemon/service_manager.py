"""What systemd is told: sd_notify(3).  Called by main; without systemd nothing happens."""

import logging
import os
import socket

_log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Send `state` (``READY=1``, ``STOPPING=1``) to who started the daemon; who does not listen misses it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError as error:
            _log.warning("the service manager at %s does not hear %s: %s", address, state, error.strerror)
