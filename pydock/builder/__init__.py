"""Dockerfiles: their lines, words and instructions."""
