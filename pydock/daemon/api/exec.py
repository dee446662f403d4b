"""What clients send to create and start an exec, as Docker decodes it.  The routes hand plain values on."""

from typing import Annotated

from pydantic import Field

from pydock.daemon.api.go_json import GoObject, Text, UInt64

Size = Annotated[list[UInt64], Field(min_length=2, max_length=2)]


class ExecCreate(GoObject):
    """The body of ``POST /containers/{id}/exec``."""

    User: str = ""
    Privileged: bool = False
    Tty: bool = False
    ConsoleSize: Size | None = None
    AttachStdin: bool = False
    AttachStdout: bool = False
    AttachStderr: bool = False
    DetachKeys: str = ""
    Env: list[Text] | None = None
    WorkingDir: str = ""
    Cmd: list[Text] | None = None


class ExecStart(GoObject):
    """The body of ``POST /exec/{id}/start``."""

    Detach: bool = False
    Tty: bool = False
    ConsoleSize: Size | None = None
