"""What learning without labels is worth where labels are few, or none are of the machine."""
