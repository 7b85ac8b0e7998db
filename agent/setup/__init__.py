"""A first configuration by asking: what sends is found, what it is of is asked, and a checked config is written."""
