"""A step that starts another process, writes both pids to the file named, and waits for ever."""

import os
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    child = subprocess.Popen(["sleep", "1000"])
    draft = Path(sys.argv[1] + ".new")
    draft.write_text(f"{os.getpid()} {child.pid}")
    draft.replace(sys.argv[1])
    while True:
        time.sleep(1000)
