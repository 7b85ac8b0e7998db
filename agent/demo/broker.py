"""A broker on loopback for the demo, in a process of its own; real deployments use Mosquitto."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time

from agent.errors import TransportError

HOST = "127.0.0.1"
START_TIMEOUT_S = 15.0


def start_broker() -> tuple[subprocess.Popen[bytes], int]:
    """A broker process and its port, once it accepts connections; TransportError where it does not come up."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-m", __name__, str(port)])
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process, port
    process.kill()
    raise TransportError(f"the demo's broker did not start on {HOST}:{port}")


async def _serve(port: int) -> None:
    from amqtt.broker import Broker

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    import logging

    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(_serve(int(sys.argv[1])))
