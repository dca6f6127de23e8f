"""Checks of one snapshot: each a small function from tables to findings."""
