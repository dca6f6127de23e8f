"""alibaba."""
