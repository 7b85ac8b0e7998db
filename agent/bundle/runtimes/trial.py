"""The first use of a runtime, in a process of its own: what kills that one is a sentence here, and not our end.

A wheel that was built for another processor dies of an illegal instruction at its import, a broken one for want of a
library, and no exception can be caught of either. `python -m agent.bundle.runtimes.trial RUNTIME` reads the encoder
from its standard input, imports the runtime, and encodes. From the import on its memory and its time are bounded:
what an encoder takes here it would take in the agent, for its work does not depend on its input.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from agent import ports
from agent.bundle.runtimes import RUNTIMES
from agent.errors import BundleError, ConfigError, TextVibError

MOST_S = 60.0
"""For an import and some windows; on a slow card a cold import takes ten."""
MOST_BYTES = 256 << 20
"""That an encoder may take on top of its runtime; the one that ships takes 3 MB."""
MOST_CPU_S = 10
"""Of computing, to load the encoder and encode some windows."""
MOST_WINDOW_S = 0.1
"""Of computing for one window, of which a sensor sends two a second; the encoder that ships takes 0.2 ms here."""
WINDOWS = 3
IMPORTED = b"imported"
"""The child's word that the runtime is there: what comes after is the encoder's doing."""


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
    said = (ran.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
    if IMPORTED in ran.stdout and -ran.returncode in BY_THE_ENCODER:
        raise BundleError(f"{RUNTIMES[name].file}: {BY_THE_ENCODER[-ran.returncode]}; export the bundle again")
    _raise_for(name, ran.returncode, said)


BY_THE_ENCODER: dict[int, str] = {
    signal.SIGXCPU: f"takes more than {MOST_CPU_S} s to load and encode {WINDOWS} windows",
    signal.SIGABRT: f"the runtime gave up over it (it may want more than {MOST_BYTES >> 20} MiB)",
    signal.SIGKILL: "the runtime was killed over it (it may want more memory than there is)",
}
"""Signal that ended the child once the runtime was imported -> what that says of the encoder."""


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
        encoder_class = ports.load(RUNTIMES, name)
        print(IMPORTED.decode(), flush=True)
        _bound()
        _encode(RUNTIMES[name].file, encoder_class, model)
    except TextVibError as error:
        print(str(error).replace("\n", "; "), file=sys.stderr)
        return error.exit_code
    except Exception as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr)
        return os.EX_SOFTWARE
    return os.EX_OK


def _bound() -> None:
    """From here on so much more memory and computing, and no more."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])  # data and stacks, as RLIMIT_DATA counts them
    for limit, most in (
        (resource.RLIMIT_DATA, pages * resource.getpagesize() + MOST_BYTES),
        (resource.RLIMIT_CPU, int(time.process_time()) + 1 + MOST_CPU_S),
    ):
        with contextlib.suppress(OSError, ValueError):  # the operator's own limits are tighter, or forbid it
            resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))


def _encode(file: str, encoder_class: Any, model: bytes) -> None:
    """BundleError where the encoder cannot do its work, or never in time: the first window also warms up."""
    encoder = encoder_class(model)
    codes, took_s = np.zeros(encoder.inputs, np.int8), MOST_CPU_S + 0.0
    for _ in range(WINDOWS):
        before_s = time.process_time()
        try:
            encoder.embed(codes)
        except Exception as error:  # a runtime raises its own types, and for want of memory, too
            raise BundleError(f"{file}: cannot encode ({_said(error)}); export the bundle again") from error
        took_s = min(took_s, time.process_time() - before_s)
        if took_s <= MOST_WINDOW_S:
            return
    raise BundleError(f"{file}: takes {took_s:.2f} s for a window, not {MOST_WINDOW_S:g}; train a smaller encoder")


def _said(error: Exception) -> str:
    return f"{' '.join(str(error).split()) or type(error).__name__:.200}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
