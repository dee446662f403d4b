"""The registry side of the image store: names, credentials, the HTTP protocol, pull and push."""
