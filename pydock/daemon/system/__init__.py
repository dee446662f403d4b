"""The system service: info, version, disk usage, events."""
