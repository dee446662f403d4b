"""What goes wrong with registries, in Docker's words, and whether it is worth another try.

    PydockError
    ├── System
    │   ├── Unreachable      the network: no such host, refused, reset, TLS, a stream that broke off
    │   ├── NoCredentials    the registry wants a name and a password, and there are none
    │   └── RegistryFault    the registry answered with an error
    └── NotFound             (made of a RegistryFault by `explained`)

Raised by the transport and the session; read by pull, push, login and search.
"""

import json
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

from pydock.errors import Forbidden, NotFound, PydockError, System, Unauthorized
from pydock.go_text import quote
from pydock.imagestore import go_fields
from pydock.imagestore.reference import Reference

#: the longest answer that is read to find out what is wrong, in bytes
MAX_ERROR_BODY = 64 << 10
_SHOWN = 512
_REQUEST = re.compile(r'^[A-Z][a-z]+ "([^"]*)": ')
_FINAL = frozenset(("UNAUTHORIZED", "UNSUPPORTED", "DENIED", "TOOMANYREQUESTS", "NAME_UNKNOWN", "BLOB_UNKNOWN"))


class Unreachable(System):
    """A registry cannot be reached, or broke off; ``plain_http`` where a TLS port answered without TLS."""

    def __init__(self, message: str, plain_http: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.plain_http = plain_http
        self.final = final


class NoCredentials(System):
    """A registry wants a name and a password, and there are none: no 401 in Docker either."""


class RegistryFault(System):
    """A registry's answer with an error: its status, its code (``DENIED``; "" where it has none), its text."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @property
    def final(self) -> bool:
        """Whether the same request will get the same answer again."""
        return self.code in _FINAL or (400 <= self.status < 500 and self.status not in (408, 429))


def of_answer(
    status: int, reason: str, content_type: str, body: bytes, challenges: Sequence[tuple[str, Mapping[str, str]]]
) -> RegistryFault:
    """The fault that an error answer tells of; of several the first, as Docker shows it."""
    if not 400 <= status < 500:
        return RegistryFault(f"received unexpected HTTP status: {status} {_clean(reason)}".rstrip(), status)
    for scheme, parameters in challenges:
        code = {"invalid_token": "UNAUTHORIZED", "insufficient_scope": "DENIED"}.get(parameters.get("error", ""), "")
        if scheme == "bearer" and code:
            message = _clean(parameters.get("error_description", "")) or _DEFAULT[code]
            return RegistryFault(f"{_spoken(code)}: {message}", status, code)
    if content_type.partition(";")[0].strip().lower() not in ("application/json", "application/vnd.api+json"):
        return _plain(status, body.decode("utf-8", "replace"))
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    value = go_fields.spelled(value, ("details", "errors")) if isinstance(value, dict) else value
    if isinstance(value, dict) and isinstance(value.get("details"), str) and value["details"]:
        return _plain(status, value["details"])
    errors = value.get("errors") if isinstance(value, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = go_fields.spelled(errors[0], ("code", "message"))
        code = _clean(str(first.get("code") or "UNKNOWN"))
        message = _clean(str(first.get("message") or _DEFAULT.get(code, "unknown error")))
        return RegistryFault(f"{_spoken(code)}: {message}", status, code)
    if not body or status == 401:
        return _plain(status, "")
    shown = quote(body[:_SHOWN].decode("utf-8", "replace"))
    why = "no error details found in HTTP response body" if isinstance(value, dict) else "invalid JSON"
    return RegistryFault(f"error parsing HTTP {status} response body: {why}: {shown}", status)


def _plain(status: int, text: str) -> RegistryFault:
    code = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS"}.get(status, "UNKNOWN")
    return RegistryFault(f"{_spoken(code)}: {_clean(text) or _DEFAULT.get(code, 'unknown error')}", status, code)


_DEFAULT = {
    "UNAUTHORIZED": "authentication required",
    "DENIED": "requested access to the resource is denied",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "NAME_UNKNOWN": "repository name not known to registry",
    "BLOB_UNKNOWN": "blob unknown to registry",
    "TOOMANYREQUESTS": "too many requests",
}


def _spoken(code: str) -> str:
    return _clean(code.lower().replace("_", " "))


def _clean(text: str) -> str:
    """`text` without control characters and not longer than a message should be."""
    return "".join(char if char.isprintable() else " " for char in text[:_SHOWN]).strip()


def explained(error: PydockError, reference: Reference) -> PydockError:
    """`error` as whoever pulled `reference` should read it."""
    if not isinstance(error, RegistryFault):
        return error
    match error.code:
        case "DENIED":
            return NotFound(
                f"pull access denied for {reference.familiar_name}, repository does not exist or may require "
                f"'docker login': {error.message}"
            )
        case "MANIFEST_UNKNOWN":
            return NotFound(f"manifest for {reference.familiar} not found: {error.message}")
        case "NAME_UNKNOWN":
            return NotFound(f"repository {reference.familiar_name} not found: {error.message}")
    return classified(error)


def classified(error: PydockError) -> PydockError:
    """`error` as the kind that its code stands for."""
    match error:
        case RegistryFault(code="UNAUTHORIZED"):
            return Unauthorized(error.message)
        case RegistryFault(code="DENIED"):
            return Forbidden(error.message)
        case RegistryFault(code="MANIFEST_UNKNOWN" | "NAME_UNKNOWN" | "BLOB_UNKNOWN"):
            return NotFound(error.message)
    return error


def asked_by(error: PydockError, method: str) -> PydockError:
    """`error` with another method, "" for no request at all, where it names the request that we may not make."""
    message = _REQUEST.sub(f'{method} "\\1": ' if method else "", error.message, count=1)
    if isinstance(error, (NoCredentials, Unauthorized, RegistryFault)) and message != error.message:
        error.message, error.args = message, (message,)
    return error


def of_os_error(method: str, url: str, error: Exception, address: str = "") -> Unreachable:
    """What stopped a request, as Go's HTTP client says it; `address` is what was being dialled, if anything was."""
    plain_http = isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
    reason = _reason(error)
    if address and not isinstance(error, ssl.SSLError):
        reason = f"dial tcp{address}: {reason}"
    return Unreachable(f'{method.capitalize()} "{url}": {reason}', plain_http)


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"tls: failed to verify certificate: x509: {_certificate(error)}"
        case ssl.SSLError() if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return "http: server gave HTTP response to HTTPS client"
        case ssl.SSLError():
            return f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
        case socket.gaierror():
            return "no such host" if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA) else "server misbehaving"
        case TimeoutError():
            return "i/o timeout"
        case EOFError():
            return "unexpected EOF"
        case OSError() if error.errno:
            return _clean((error.strerror or "").lower())
    return _clean(str(error)) or type(error).__name__


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    match error.verify_code:
        case 2 | 18 | 19 | 20 | 21:
            return "certificate signed by unknown authority"
        case 9 | 10:
            return "certificate has expired or is not yet valid"
    return _clean(error.verify_message or str(error))
