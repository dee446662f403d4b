"""`image from-host`: what a program of this machine needs, and an image of it."""
