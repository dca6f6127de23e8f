"""What people measured themselves: runs of benchmark tools, observed jobs, and how they read."""
