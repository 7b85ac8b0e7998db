"""The first use of a runtime, in a process of its own: what kills that one is a sentence here, and not our end.

A wheel that was built for another processor dies of an illegal instruction at its import, a broken one for want of a
library, and no exception can be caught of either. `python -m agent.bundle.runtimes.trial RUNTIME` reads the encoder
from its standard input, imports the runtime, and encodes once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from agent import ports
from agent.bundle.runtimes import RUNTIMES
from agent.errors import BundleError, ConfigError, TextVibError

MOST_S = 60.0
"""For an import and one window; on a slow card a cold import takes ten."""


def try_runtime(name: str, model: bytes) -> None:
    """Import the runtime `name` and run `model` once in a child; ConfigError or BundleError says what came of it."""
    command = [sys.executable, "-m", __spec__.name, name]
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"} | {"PYTHONPATH": path}
    try:
        ran = subprocess.run(command, input=model, capture_output=True, env=environment, timeout=MOST_S, check=False)
    except subprocess.TimeoutExpired:
        raise BundleError(
            f"runtime {name}: the encoder gave no answer within {MOST_S:g} s; export the bundle again, or choose "
            "another runtime (agent.runtime)"
        ) from None
    except OSError as error:
        raise ConfigError(f"runtime {name}: no process could be started to try it ({error})") from error
    _raise_for(name, ran.returncode, (ran.stderr.decode(errors="replace").strip().splitlines() or [""])[-1])


def _raise_for(name: str, code: int, said: str) -> None:
    """What the exit of the child means."""
    others = " or ".join(other for other in RUNTIMES if other != name)
    mend = f'install a build of {RUNTIMES[name].title} for this computer, or set agent.runtime = "{others}"'
    if code == os.EX_OK:
        return
    if code == os.EX_DATAERR:
        raise BundleError(said)
    if code == os.EX_CONFIG:
        raise ConfigError(said)
    if code == -signal.SIGILL:
        raise ConfigError(
            f"runtime {name}: this processor does not know an instruction that {RUNTIMES[name].title} uses; {mend}"
        )
    if code < 0:
        raise ConfigError(f"runtime {name}: {RUNTIMES[name].title} is killed by {_signal(-code)}; {mend}")
    raise ConfigError(f"runtime {name}: {RUNTIMES[name].title} cannot be used here ({said}); {mend}")


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def main(name: str) -> int:
    """The child: 0 where the runtime works; else the exit code of the error, whose sentence is the last line."""
    model = sys.stdin.buffer.read()
    try:
        encoder = ports.load(RUNTIMES, name)(model)
        encoder.embed(np.zeros(encoder.inputs, np.int8))
    except TextVibError as error:
        print(str(error).replace("\n", "; "), file=sys.stderr)
        return error.exit_code
    except Exception as error:
        print(f"{type(error).__name__}: {str(error).replace(chr(10), ' ')}", file=sys.stderr)
        return os.EX_SOFTWARE
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
