"""Joins the services of the engine itself: info, version, events, disk usage."""
