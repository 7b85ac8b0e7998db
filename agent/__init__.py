"""The edge: samples in, diagnoses in words out. Read `pipeline.py` first."""
