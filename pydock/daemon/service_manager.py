"""What systemd is told: sd_notify(3).  Called by main; without systemd nothing happens."""

import os
import socket


def notify(state: str) -> None:
    """Send `state` (``READY=1``, ``STOPPING=1``) to who started the daemon."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(state.encode(), address)
