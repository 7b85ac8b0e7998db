"""The keys, the checks, what they resolve to."""
