"""keyctl(2): a session keyring of one's own."""

import ctypes
from typing import Final

from pydock.linux.syscall import syscall

KEYCTL_JOIN_SESSION_KEYRING: Final = 1


def join_anonymous_session_keyring() -> int:
    """KEYCTL_JOIN_SESSION_KEYRING without a name: a new keyring that no other process can find."""
    return syscall("keyctl", ctypes.c_int(KEYCTL_JOIN_SESSION_KEYRING), None)
