"""Zygote, shim, init: how a container comes to life."""
