"""One file a command, named in full."""
