"""What runs in a forked process beside or inside a root filesystem."""
