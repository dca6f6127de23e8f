"""The costopt command: one file per command."""
