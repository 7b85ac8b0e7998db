"""Losses between vibrations and sentences, by family; `export.objective` is the table that names them."""
