"""HTTP/1.1 on an asyncio protocol over h11, with hijacked connections."""
