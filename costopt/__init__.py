"""costopt: the cheapest set of cloud instances that runs an ML workload within its limits."""
