"""Published measurements, read row by row into what the forward model needs to predict them."""
