"""The independent check: cost, rates and every limit of a plan, recomputed without a solver."""
