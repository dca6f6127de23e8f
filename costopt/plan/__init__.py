"""The plan: its records and how people read them."""
