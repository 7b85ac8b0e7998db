"""What one window says: deviation from healthy, nearest description, line check, evidence."""
