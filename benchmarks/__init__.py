"""pydock beside real Docker: the same case on both, in alternation, medians and their ratio.  See `__main__`."""
