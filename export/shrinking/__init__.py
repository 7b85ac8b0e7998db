"""A trained network becomes small and integer: distilling, quantizing, the two model writers."""
