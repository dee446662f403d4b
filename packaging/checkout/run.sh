#!/bin/sh
# run.sh IMAGE COMMAND...: leave the user in a container; start a daemon where none answers.  Called by `make run`.
set -eu
cd "$(dirname "$0")/../.."
image=$1; shift
case $image in *:* | *@*) ;; *) image=$image:latest ;; esac
pydock=.venv/bin/pydock
log=/var/log/pydockd.log

[ "$(id -u)" = 0 ] || { echo "pydock: a container engine wants root: sudo make run" >&2; exit 1; }

if ! $pydock version >/dev/null 2>&1; then
    setsid .venv/bin/pydockd </dev/null >>"$log" 2>&1 &
    tries=0
    until $pydock version >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "pydock: the daemon does not answer; its last words ($log):" >&2; tail -5 "$log" >&2; exit 1; }
        sleep 0.1
    done
fi

if ! $pydock image inspect "$image" >/dev/null 2>&1 && ! $pydock pull "$image" 2>/dev/null; then
    echo "pydock: $image cannot be pulled from its registry; going on with an image made from this machine's own programs"
    image=from-host
    if ! $pydock image inspect "$image" >/dev/null 2>&1; then
        $pydock image from-host "$image" bash coreutils ps grep sed >/dev/null
    fi
fi

terminal=
if [ -t 0 ] && [ -t 1 ]; then terminal=-t; fi
exec $pydock run -i $terminal --rm "$image" "$@"
