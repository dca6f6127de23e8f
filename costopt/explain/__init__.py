"""Reasons: what binds, what was refused, what would change the answer."""
