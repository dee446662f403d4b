"""How a command ends otherwise than well: a text for stderr and an exit code.  Raised by commands, caught by `main`."""


class Exit(Exception):
    """End with `code`, having printed `message` where there is one."""

    def __init__(self, message: str = "", code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class FlagError(Exception):
    """The command line does not parse; `main` adds the usage and exits with 125."""
