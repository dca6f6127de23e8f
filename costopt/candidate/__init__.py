"""Every way to run a workload, priced and rated, or the reason why not."""
