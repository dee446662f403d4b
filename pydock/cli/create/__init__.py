"""The many options of `run` and `create`, by concern, and the request they make."""
