"""Images on disk: blobs, layers, tags, and how they come and go."""
