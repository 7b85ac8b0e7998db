"""`python -m firmware_bridge`: the same as `textvib-bridge`."""

import sys

from firmware_bridge.cli import main

sys.exit(main())
