"""A run becomes a bundle: verified, packed, described anew."""
