"""Ports for servers whose address has to be known before they listen."""

import random
import socket

# Below those that Linux gives to outgoing connections, which may come at any moment.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
