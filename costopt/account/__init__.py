"""account: what is yours: negotiated prices, quotas with their use, commitments owned."""
