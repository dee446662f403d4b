"""One `Engine` with a thin call per endpoint of the Docker Engine API."""
