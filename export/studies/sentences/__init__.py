"""`swap` and `left-out`: how far sentences can be trusted."""
