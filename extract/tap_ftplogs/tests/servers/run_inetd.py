"""Starts a program for every connection to a port of the loopback address, as inetd does.

Run with the port and the program's command line.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

# Ended programs then leave nothing to wait for.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            subprocess.Popen(sys.argv[2:], stdin=connection.fileno(), stdout=connection.fileno())
