"""How fast, and in how much memory, a workload runs on an accelerator."""
