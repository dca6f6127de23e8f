"""Result files of benchmark tools: how each is told, and how its figures and units read."""
