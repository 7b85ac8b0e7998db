"""Sentences, their encoders, and the tower that puts them beside vibrations."""
