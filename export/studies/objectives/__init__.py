"""`compare`: the objectives against each other."""
