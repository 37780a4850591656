"""Passages for the results of a search: of everybody, and of one speaker."""
