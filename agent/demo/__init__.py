"""`demo`: a virtual motor runs healthy, is commissioned, develops an outer-race defect and is repaired.

Everything between the motor's bearing and the screen is real: firmware frames on a pseudo-terminal, the agent as a
process of its own, a broker on loopback, and this process as its subscriber.
"""

from agent.demo.stage import add_arguments, main

__all__ = ["add_arguments", "main"]
