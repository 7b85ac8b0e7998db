"""What becomes of a machine over years: quantiles of each day, how they move, and when a limit would be reached."""
