"""TLS towards registries: whom to trust and whom to be, from directories named after the registry.

``certs.d/HOST:PORT`` holds ``*.crt`` (authorities, beside the system's) and pairs of ``*.cert`` and ``*.key``.
Used by the transport.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path

from pydock.errors import System


def context(netloc: str, directories: Sequence[Path], verify: bool) -> ssl.SSLContext:
    """The TLS settings for ``host:port``; with `verify` off any certificate will do."""
    made = ssl.create_default_context()
    made.set_alpn_protocols(["http/1.1"])
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    directory = next((found for root in directories if (found := root / netloc).is_dir()), None)
    if directory is not None:
        _load(made, directory)
    return made


def _load(made: ssl.SSLContext, directory: Path) -> None:
    for path in sorted(directory.iterdir()):
        try:
            if path.suffix == ".crt":
                made.load_verify_locations(path)
            elif path.suffix == ".cert":
                key = path.with_suffix(".key")
                if not key.exists():
                    raise System(
                        f"missing key {key.name} for client certificate {path.name}. "
                        "CA certificates must use the extension .crt"
                    )
                made.load_cert_chain(path, key)
            elif path.suffix == ".key" and not path.with_suffix(".cert").exists():
                raise System(f"missing client certificate {path.with_suffix('.cert').name} for key {path.name}")
        except (ssl.SSLError, OSError) as error:
            raise System(f"could not load X509 key pair or authority {path}: {error}") from error
