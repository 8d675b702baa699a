"""The network: its layers, bound to buffers, and their forward and backward passes."""
