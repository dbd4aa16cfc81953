"""Runs a program for as long as its own standard input is open, and ends it then, however whoever started this has ended.

    tied.py PROGRAM ARGUMENT…
"""

import subprocess
import sys

child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
while sys.stdin.buffer.read(4096):
    pass
child.terminate()
child.wait()
