"""The click client: one file a command, each loaded only when it is called."""
