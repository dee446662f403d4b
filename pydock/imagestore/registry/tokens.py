"""What a token server answers.  Used by the session."""

import json
import time
from dataclasses import dataclass

from pydock.errors import Unauthorized
from pydock.imagestore import go_fields

#: a token that says nothing lives for this long, and none is used in the last part of its life; seconds
DEFAULT_LIFE = 60
_MARGIN = 0.1
_FIELDS = ("token", "access_token", "expires_in", "refresh_token")


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, good until ``until`` (of the monotonic clock); ``refresh`` gets others, "" for none."""

    text: str
    until: float
    refresh: str = ""


def parse_token(body: bytes) -> Token:
    """Read a token server's answer, of either of the two protocols; Unauthorized where there is no token in it."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Unauthorized("unable to decode token response: invalid JSON") from None
    value = go_fields.spelled(value, _FIELDS) if isinstance(value, dict) else {}
    text = value.get("token") or value.get("access_token")
    if not isinstance(text, str):
        raise Unauthorized("authorization server did not include a token in the response")
    life = value.get("expires_in")
    seconds = min(max(int(life), DEFAULT_LIFE), 86400) if isinstance(life, int) else DEFAULT_LIFE
    refresh = value.get("refresh_token")
    return Token(text, time.monotonic() + seconds * (1 - _MARGIN), refresh if isinstance(refresh, str) else "")
