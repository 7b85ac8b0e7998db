"""What a person or a program reads: payloads, topics, wording."""
