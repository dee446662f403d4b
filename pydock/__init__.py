"""pydock: a container engine in Python that takes Docker's place."""

__version__ = "0.1.0"
