"""What people ask for: serving, batch, training and plain requirements, and limits."""
