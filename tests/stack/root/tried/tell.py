"""A step that says what it finds around itself, as JSON, and exits with its first argument."""

import json
import os
import random
import sys
import threading
from pathlib import Path

import numpy

if __name__ == "__main__":
    found = {
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "input": sys.stdin.read(),
        "leads": os.getpid() == os.getpgid(0) == os.getsid(0),
        "modules": sorted(sys.modules),
        "random": [random.random(), float(numpy.random.random())],
        "threads": threading.active_count(),
        "touched": getattr(numpy, "touched", False),
        "umask": os.umask(0),
    }
    numpy.__dict__["touched"] = True
    print(json.dumps(found))
    print("to stderr", file=sys.stderr)
    sys.exit(int(sys.argv[1]))
