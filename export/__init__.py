"""The workstation: recordings in, a verified bundle out. The only package that may import torch."""
