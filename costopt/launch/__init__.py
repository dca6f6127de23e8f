"""How to start what a plan counts on, and how to measure it."""
