"""Memory, speed and latency of a model on hardware, each with its origin and its band."""
