"""The bundled catalogue snapshot: CSV tables and one manifest, no logic."""
