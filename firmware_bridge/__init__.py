"""From the accelerometer's FIFO to the agent, and every sample accounted for: the frame of SPEC.md, both ends of it.

`frames` and `decoder` need the standard library alone; `session` holds blocks against what the device declared.
"""

VERSION = "0.1.0"
"""Of all that is installed together. A test keeps it equal to pyproject.toml: asking importlib.metadata costs a
megabyte at run time."""
