"""The command line beyond training and packing: one module per family of commands."""
