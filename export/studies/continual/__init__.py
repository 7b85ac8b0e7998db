"""What a network forgets that learns one domain after another, and what keeps it from that."""
