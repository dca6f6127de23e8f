"""The road from a request to a checked plan."""
