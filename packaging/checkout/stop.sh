#!/bin/sh
# End the daemon that `make run` started, and the containers that would outlive it.  Called by `make stop`.
set -eu
cd "$(dirname "$0")/../.."
pidfile=/run/pydock.pid
pydock=.venv/bin/pydock

pid=$(cat "$pidfile" 2>/dev/null) || exit 0
[ -d "/proc/$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q pydockd || exit 0

running=$(PYDOCK_HOST=unix:///run/pydock.sock $pydock ps -q 2>/dev/null) || running=
if [ -n "$running" ]; then
    # shellcheck disable=SC2086
    PYDOCK_HOST=unix:///run/pydock.sock $pydock stop -t 5 $running >/dev/null
fi
kill "$pid"
while [ -d "/proc/$pid" ]; do sleep 0.1; done
