"""Wait until the database of MLFLOW_BACKEND_STORE_URI lets its role in, at most five minutes."""

import os
import sys
import time

import psycopg2

address = os.environ["MLFLOW_BACKEND_STORE_URI"].replace("+psycopg2", "")
deadline = time.monotonic() + 300
while True:
    try:
        psycopg2.connect(address, connect_timeout=5).close()
        break
    except psycopg2.OperationalError as error:
        if time.monotonic() > deadline:
            sys.exit(f"the database lets nobody in: {str(error).strip()}; see the logs of the Job platform-setup")
        time.sleep(1)
