"""Who somebody is at a registry: what the X-Registry-Auth header and the body of ``POST /auth`` carry.

Made by the routes, used by the session; shown by nothing.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from pydock.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a password, or a token in their place; all "" for nobody."""

    username: str = ""
    password: str = field(default="", repr=False)
    #: trades for tokens at the token server
    identity_token: str = field(default="", repr=False)
    #: goes to the registry as it is
    registry_token: str = field(default="", repr=False)
    server: str = ""
    #: what the program that they came with calls itself: registries are told it behind the engine's own name
    client: str = ""

    @property
    def named(self) -> bool:
        """Whether there is a name with a password."""
        return bool(self.username and self.password)


NOBODY = Credentials()
_FIELDS = ("username", "password", "auth", "identitytoken", "registrytoken", "serveraddress")


def from_fields(fields: Any) -> Credentials:
    """Credentials out of Docker's AuthConfig; InvalidParameter where it is none."""
    if not isinstance(fields, dict):
        raise InvalidParameter("invalid credentials: not an object")
    known = {str(name).lower(): value for name, value in fields.items() if value is not None}
    if not all(isinstance(known.get(name, ""), str) for name in _FIELDS):
        raise InvalidParameter("invalid credentials: not text")
    username, password = known.get("username", ""), known.get("password", "")
    if known.get("auth") and not username:
        try:
            username, _, password = base64.b64decode(known["auth"]).decode().partition(":")
        except ValueError:  # Docker does not look at it
            username = password = ""
    return Credentials(
        username,
        password,
        known.get("identitytoken", ""),
        known.get("registrytoken", ""),
        known.get("serveraddress", ""),
    )


def from_header(value: str) -> Credentials:
    """Credentials out of an X-Registry-Auth header (URL-safe base64 of JSON); nobody where it is empty."""
    if not value:
        return NOBODY
    try:
        decoded = base64.urlsafe_b64decode(value.strip() + "=" * (-len(value.strip()) % 4))
        fields = json.loads(decoded)
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidParameter("invalid X-Registry-Auth header: illegal base64 data or JSON") from None
    return from_fields(fields)
