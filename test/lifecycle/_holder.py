"""Holds a listening socket as a service manager does for socket activation (sd_listen_fds(3)). Prints its port, and for each line
that it reads starts the program that its arguments say, with that socket; ends by the end of its input."""

import os
import socket
import subprocess
import sys

held = socket.create_server(("127.0.0.1", 0))
print(held.getsockname()[1], flush=True)
script = f'exec 3<&{held.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'
for _ in sys.stdin:
    program = subprocess.Popen(["/bin/sh", "-c", script, *sys.argv[1:]], pass_fds=[held.fileno()], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    print(program.pid, flush=True)
    print(program.wait(), flush=True)
os._exit(0)
