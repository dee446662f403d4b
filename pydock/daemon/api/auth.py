"""What clients send to try credentials at a registry, as Docker decodes it.  The route hands plain values on."""

from typing import ClassVar

from pydock.daemon.api.go_json import GoObject


class AuthConfig(GoObject):
    """The body of ``POST /auth``."""

    GO: ClassVar = "registry.AuthConfig"
    NAMED: ClassVar = False

    username: str = ""
    password: str = ""
    auth: str = ""
    email: str = ""
    serveraddress: str = ""
    identitytoken: str = ""
    registrytoken: str = ""
