"""What arrives on a topic or a port, or stands in a file, and what it would be taken for; nothing is kept or sent."""
