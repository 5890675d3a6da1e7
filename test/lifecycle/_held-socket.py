# Holds a listening socket, as systemd does for a .socket unit, and runs a program with it: once more each time that it ends,
# until its own input does. Writes the port, and then the process id of each run.
import os
import socket
import sys
import threading

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 0))
listener.listen(4096)
print(listener.getsockname()[1], flush=True)
is_over = threading.Event()
pid = 0


def wait_for_the_end():
    sys.stdin.read()
    is_over.set()
    os.kill(pid, 15)


threading.Thread(target=wait_for_the_end, daemon=True).start()
while not is_over.is_set():
    pid = os.fork()
    if pid == 0:
        if listener.fileno() != 3:
            os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.dup2(2, 1)
        os.environ.update(LISTEN_FDNAMES="http", LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.execvp(sys.argv[1], sys.argv[1:])
    print(pid, flush=True)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("the program has failed")
