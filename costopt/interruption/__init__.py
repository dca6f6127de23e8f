"""How often spot capacity is taken back, and what that costs a job."""
