"""The kernel's calls, each a short function named as its man page."""
