"""HTTP/1.1 on an asyncio protocol with heads read by h11, with hijacked connections."""
