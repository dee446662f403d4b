"""What clients send to create and start an exec, as Docker decodes it.  The routes hand plain values on."""

from typing import ClassVar

from pydock.daemon.api.go_json import GoObject, Names, Size


class ExecCreate(GoObject):
    """The body of ``POST /containers/{id}/exec``."""

    GO: ClassVar = "container.ExecOptions"

    User: str = ""
    Privileged: bool = False
    Tty: bool = False
    ConsoleSize: Size | None = None
    AttachStdin: bool = False
    AttachStdout: bool = False
    AttachStderr: bool = False
    DetachKeys: str = ""
    Env: Names = None
    WorkingDir: str = ""
    Cmd: Names = None
    Detach: bool = False


class ExecStart(GoObject):
    """The body of ``POST /exec/{id}/start``."""

    GO: ClassVar = "container.ExecStartOptions"

    Detach: bool = False
    Tty: bool = False
    ConsoleSize: Size | None = None
