"""Bridges, addresses, ports and NAT, names."""
