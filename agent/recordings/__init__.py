"""Files of every dialect as sample blocks; export reads through it, too."""
