"""Keys and certificates for tests of TLS, made by openssl."""

import subprocess
from pathlib import Path


def make(folder: Path) -> None:
    """Write an authority (ca.pem), and a key with a certificate that serves both sides (key.pem, cert.pem)."""
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    uses = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
    _openssl(folder, f"req -x509 {curve} -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=ca {uses}")
    _openssl(folder, f"req {curve} -keyout key.pem -out request.pem -subj /CN=localhost")
    signed = "-CA ca.pem -CAkey ca-key.pem -CAcreateserial -out cert.pem -days 2 -extfile names"
    _openssl(folder, f"x509 -req -in request.pem {signed}")


def _openssl(folder: Path, line: str) -> None:
    subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
