"""Refitting the constants of the performance model to published measurements."""
