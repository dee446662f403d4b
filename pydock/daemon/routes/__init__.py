"""One module a resource: parse, call, encode."""
