"""`cp` on the client's side: what a copy means, tars of local files, and their safe unpacking."""
