"""What a commitment costs over a horizon."""
