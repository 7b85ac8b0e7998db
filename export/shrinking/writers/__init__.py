"""The two model writers."""
