"""Carries what the kernel cannot translate to published ports: ::1, IPv6 to a container that has only IPv4."""
