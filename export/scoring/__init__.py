"""How good an embedding names: scores, agreement, spread, statistics."""
