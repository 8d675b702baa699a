"""Training: the state, the engine that takes a step, the loop over epochs, and its diagnosis."""
