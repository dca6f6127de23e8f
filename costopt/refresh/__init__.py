"""The refresh: ask every provider side by side, check what came, publish what is good."""
