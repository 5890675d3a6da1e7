"""Runs a program in a terminal, and closes that when the program has said a text: the arguments are the text, the program and
its arguments. Prints what the program has ended with, as a line of JSON."""

import json
import os
import pty
import sys
import time

text, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)

said = b""
while text.encode() not in said:
    said += os.read(terminal, 65536)
os.close(terminal)
limit = time.monotonic() + 30
while time.monotonic() < limit:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended == pid:
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "said": said.decode(errors="replace")}))
        break
    time.sleep(0.02)
else:
    os.kill(pid, 9)
    print(json.dumps({"code": "it has not ended", "said": said.decode(errors="replace")}))
