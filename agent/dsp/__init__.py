"""From a window to what the encoder eats; the only implementation, training calls it too."""
