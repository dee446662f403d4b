"""Files of NAME=VALUE lines: `--env-file` and `--label-file`.  Called by `request` when one is given."""

import os

from pydock.cli.exits import Exit


def read(path: str, environment: bool) -> list[str]:
    """The lines of `path`; with `environment`, a name alone takes its value from this process.

    A name alone that has no value is left out.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except IsADirectoryError:
        raise Exit(f"invalid env file ({path}): read {path}: is a directory") from None
    except OSError as error:
        raise Exit(f"open {path}: {(error.strerror or '').lower()}") from None
    found: list[str] = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            line = raw.rstrip(b"\r").decode()
        except UnicodeDecodeError:
            shown = " ".join(map(str, raw))
            raise Exit(f"invalid env file ({path}): invalid utf8 bytes at line {number}: [{shown}]") from None
        line = line.lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, _ = line.partition("=")
        if not name:
            raise Exit(f"invalid env file ({path}): no variable name on line '{line}'")
        if " " in name or "\t" in name:
            raise Exit(f"invalid env file ({path}): variable '{name}' contains whitespaces")
        if equals:
            found.append(line)
        elif environment and name in os.environ:
            found.append(f"{name}={os.environ[name]}")
    return found
