"""Recordings as labelled windows: manifests, loaders of published layouts, windows, leak-free splits."""
