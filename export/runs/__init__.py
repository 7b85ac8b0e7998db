"""A run folder, and the three commands that fill one."""
