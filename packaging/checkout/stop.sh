#!/bin/sh
# End the daemon that `make run` started, and its containers.  Called by `make stop`.
set -eu
pidfile=/run/pydock.pid

pid=$(cat "$pidfile" 2>/dev/null) || exit 0
if [ -d "/proc/$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q pydockd; then
    kill "$pid"
    while [ -d "/proc/$pid" ]; do sleep 0.1; done
fi
