"""pydockd: serves the API and owns all engine state."""
