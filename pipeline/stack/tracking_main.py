"""MLflow's server in one process: `python -P tracking_main.py PORT STORE-URI ARTIFACT-ROOT`.

`mlflow server` imports MLflow to parse its options, then starts uvicorn, which imports it again: 360 MB and twice the
wait for one server. This does what that command does, with the same application, store and checks, once.
"""

import gc
import os
import sys

import uvicorn  # first: MLflow installs its checks of hosts and origins only where a server's library is loaded


def main(port: str, store: str, artifacts: str) -> None:
    """Make or upgrade the store's tables, then serve on 127.0.0.1 until SIGTERM."""
    gc.disable()  # until all is imported: looking for garbage meanwhile takes a fifth of the time
    os.environ["MLFLOW_SERVER_ALLOWED_HOSTS"] = f"127.0.0.1:{port},localhost:{port}"
    from mlflow.server import _UVICORN_LOG_CONFIG, constants, handlers  # noqa: PLC0415 - reads what is set above

    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = store
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = artifacts
    handlers.initialize_backend_stores(store, store, artifacts)
    gc.freeze()
    gc.enable()
    uvicorn.run("mlflow.server.fastapi_app:app", host="127.0.0.1", port=int(port), log_config=str(_UVICORN_LOG_CONFIG))


if __name__ == "__main__":
    main(*sys.argv[1:])
