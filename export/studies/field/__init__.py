"""`field`: faults, machines and days that training never saw."""
