"""What was: alerts of the past with their events, and the report of one."""
