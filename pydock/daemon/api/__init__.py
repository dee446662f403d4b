"""The wire models of the Docker Engine API."""
