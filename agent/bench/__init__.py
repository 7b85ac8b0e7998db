"""`bench`: what this computer bears."""
