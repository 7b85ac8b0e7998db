"""What the workstation packed: manifest, hashes, golden self-test, the encoder in a runtime."""
