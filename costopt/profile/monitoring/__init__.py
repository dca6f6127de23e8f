"""Logs of what accelerators did: how each is told, and what it shows of a deployment."""
