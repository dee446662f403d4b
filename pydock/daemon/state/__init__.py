"""The SQLite index: numbered schema steps and one writer thread."""
