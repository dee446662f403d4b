#!/bin/sh
# Make .venv: pydock and what it needs, in a virtual environment of the checkout.  Called by the Makefile.
set -eu
cd "$(dirname "$0")/../.."

apt_install() { # apt_install PACKAGE...
    command -v apt-get >/dev/null || { echo "pydock: please install: $*" >&2; exit 1; }
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null; }
}

find_python() { # the newest Python here that pydock runs on
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    apt_install python3.11 python3.11-venv
    python=$(find_python)
fi
[ -n "$python" ] || { echo "pydock: Python 3.11 or newer is needed" >&2; exit 1; }
"$python" -c 'import ensurepip' 2>/dev/null || apt_install "$(basename "$(readlink -f "$python")")-venv"

echo "pydock: making the virtual environment (once)" >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
# compiled once here, whatever PYTHONDONTWRITEBYTECODE says: the client must start fast
.venv/bin/python -m compileall -q pydock
touch .venv/.complete
