#!/bin/sh
# Install what the tests need, then run all of them.  Called by `make test`; arguments go to pytest.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "pydock: the tests run real containers and want root: sudo make test" >&2; exit 1; }

# what the tests compare with and pull from; each test names what it lacks where one of these is missing
packages="iproute2 nftables debootstrap busybox-static skopeo docker-registry apache2-utils openssl docker.io iptables
    libseccomp2 procps tmux xz-utils zstd"
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
if [ -n "$missing" ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >/dev/null || true
    # one by one: a package that this suite lacks must not cost the others; none of them may start a service
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        trap 'rm -f "$policy"' EXIT
    fi
    for package in $missing; do
        apt-get install -y --no-install-recommends "$package" >/dev/null 2>&1 ||
            echo "pydock: $package cannot be installed; the tests that need it are skipped" >&2
    done
fi
.venv/bin/python -c 'import pytest, mypy, importlinter, docker' 2>/dev/null ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
.venv/bin/python -m pytest "$@"
