"""Receives what a service manager would (sd_notify(3)), and prints each datagram as a line of JSON. The argument is the path
of its socket; it is told to end by the end of its input."""

import json
import os
import socket
import sys
import threading

receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])


def end():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end, daemon=True).start()
print(json.dumps("listening"), flush=True)
while True:
    datagram = receiver.recv(4096)
    print(json.dumps(datagram.decode()), flush=True)
