"""Inference runtimes: one file per alternative, each an Encoder built from model bytes."""
