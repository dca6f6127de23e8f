"""Past months walked through, buying commitments with the knowledge of each date alone."""
