"""How adapters ask providers: paced, retried, counted, recorded; and what they hand over."""
