"""JupyterLab as a program for tests: it ends when its standard input does, so with the test that started it.

python server.py --ServerApp.port=8888 …
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from jupyterlab.labapp import main


def end_with_input() -> None:
    """End as after `kill`: the server takes its kernels with it."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    sys.exit(main())
