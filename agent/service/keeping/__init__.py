"""What must survive a restart: one SQLite file, a module per kind of row, salvage, and a way on without a disk."""
