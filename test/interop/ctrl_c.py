"""Runs `npm start` in a terminal, has a call under way, presses Ctrl-C, and prints what became of both as JSON.

Usage: ctrl_c.py DESCRIPTORS
A terminal sends the signal to every process in it, npm and the server alike, and npm hands its own on.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

WATCHDOG_SECONDS = 90
CTRL_C = b"\x03"


class Terminal:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.output = b""
        self.ends_at = time.monotonic() + WATCHDOG_SECONDS

    def read(self):
        """Takes what is there; False once the last process has let go of the terminal."""
        if time.monotonic() > self.ends_at:
            sys.exit(f"watchdog: {self.output.decode(errors='replace')}")
        if not select.select([self.fd], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        self.output += data
        return data != b""


terminal = Terminal(["npm", "start", "--", "--port", "0", "--maximum-hashes", "1e9"])
listening = None
while listening is None:
    terminal.read()
    listening = re.search(rb"Server listening at '(localhost:\d+)'", terminal.output)

client = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client.py")
command = [sys.executable, client, sys.argv[1], listening.group(1).decode(), "finish_under_way"]
call = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
call.stdout.readline()
os.write(terminal.fd, CTRL_C)
while terminal.read():
    pass
outcome = json.loads(call.communicate()[0])
print(json.dumps({"outcome": outcome, "exit": os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1])}))
