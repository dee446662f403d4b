"""keyctl(2): a session keyring of one's own."""

import ctypes
from typing import Final

from pydock.linux.syscall import syscall

KEYCTL_GET_KEYRING_ID: Final = 0
KEYCTL_JOIN_SESSION_KEYRING: Final = 1
KEY_SPEC_SESSION_KEYRING: Final = -3


def join_session_keyring(name: str) -> int:
    """KEYCTL_JOIN_SESSION_KEYRING: leave the caller's keyring for the one called `name`, made where it is missing."""
    return syscall("keyctl", ctypes.c_int(KEYCTL_JOIN_SESSION_KEYRING), name.encode(), path=name)


def join_anonymous_session_keyring() -> int:
    """KEYCTL_JOIN_SESSION_KEYRING without a name: a new keyring that no other process can find."""
    return syscall("keyctl", ctypes.c_int(KEYCTL_JOIN_SESSION_KEYRING), None)
