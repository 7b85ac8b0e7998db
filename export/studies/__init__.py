"""What recipes and bundles are worth: measured on recordings, for people to read. Nothing that ships needs it."""
