"""Rows of the tables that the commands show: one module a kind of object."""
