"""A step that ends in the way that its argument names."""

import atexit
import os
import sys
import threading
import time


def late() -> None:
    time.sleep(0.05)
    print("a thread finished")


if __name__ == "__main__":
    atexit.register(print, "an exit handler ran")
    threading.Thread(target=late).start()
    match sys.argv[1]:
        case "text":
            sys.exit("no reason")
        case "exception":
            raise ValueError("unexpected")
        case "signal":
            os.kill(os.getpid(), 15)
        case "large":
            sys.exit(259)
