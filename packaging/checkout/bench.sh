#!/bin/sh
# Run the benchmarks: pydock and real Docker in alternation.  Called by `make bench`.
set -eu
cd "$(dirname "$0")/../.."
exec .venv/bin/python -m benchmarks "$@"
