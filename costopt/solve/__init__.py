"""The integer program: reduction, arrays for the solver, and its honest outcome."""
