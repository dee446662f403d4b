"""`--security-opt`.  Called by `request` when it is given."""

from pydock.cli.exits import Exit
from pydock.cli.flags import quoted


def parse_security(values: list[str]) -> tuple[list[str] | None, list[str] | None, list[str] | None]:
    """Options for the daemon, masked paths, read-only paths; profiles are read here, since the file is the client's."""
    options: list[str] = []
    paths: list[str] | None = None
    for value in values:
        name, separator, text = value.partition("=")
        if not separator and name != "no-new-privileges":
            name, separator, text = value.partition(":")
        if (not separator or not text) and name != "no-new-privileges":
            raise Exit(f"Invalid --security-opt: {quoted(value)}")
        if value == "systempaths=unconfined":
            paths = []
        elif name == "seccomp" and text not in ("builtin", "unconfined"):
            options.append(f"seccomp={_profile(text)}")
        else:
            options.append(value)
    return options, paths, paths


def _profile(path: str) -> str:
    import json

    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Exit(f"opening seccomp profile ({path}) failed: open {path}: {reason}") from None
    try:
        return json.dumps(json.loads(content), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        from pydock import json_mistakes

        reason = json_mistakes.explain_file(content) or "it is not UTF-8"
        raise Exit(f"compacting json for seccomp profile ({path}) failed: {reason}") from None
