"""The student: layers, branches, and its graph of plain operations."""
