"""What clients send to create and start an exec, as Docker decodes it.  The routes hand plain values on."""

from typing import Annotated

from pydantic import BeforeValidator

from pydock.daemon.api.go_json import GoObject, Text, UInt64


def _pair(value: object) -> object:
    """A list of two, as Go fills an array: what is missing is 0, what is too much is passed over."""
    return [*value, 0, 0][:2] if isinstance(value, list) else value


Size = Annotated[list[UInt64], BeforeValidator(_pair)]


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
