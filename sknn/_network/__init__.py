"""The network: its layers, bound to memory, and their forward and backward passes."""
