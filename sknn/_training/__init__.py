"""Training: its state, the engine that takes steps, the loop over epochs, and the diagnosis."""
