"""What a handler gives back: a status, headers and a whole body.

Streams and hijacked connections don't come through here: see `request.Request`.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pydock.go_text import harmless

JSON = "application/json"
#: half of a pair that a \\u escape brought in, where it is no byte of a file's name
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer.  ``content_type`` "" sends none; a 204 or 304 has no body; ``closes``: it is the last one."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    closes: bool = False


def encode_json(value: Any) -> bytes:
    """`value` as JSON in UTF-8 and without spaces, a line feed at its end, as Docker's encoder writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False) + "\n"
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that carries `value` (plain dicts, lists, strings and numbers) as JSON."""
    return Response(status, encode_json(value), JSON, headers or {})


def text_response(text: str, status: int = 200) -> Response:
    """An answer in plain text."""
    return Response(status, text.encode(), "text/plain; charset=utf-8")


def no_content() -> Response:
    """204: it is done, and there is nothing to say."""
    return Response(204)


def error_response(message: str, status: int) -> Response:
    """An error as Docker writes it: ``{"message": ...}``; a 304 has no body."""
    return Response(304) if status == 304 else json_response({"message": harmless(message)}, status)
