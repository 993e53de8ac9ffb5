"""`seldon-core-microservice` on 127.0.0.1: `python -P model_main.py ARGUMENTS…` takes that command's arguments.

It binds 0.0.0.0, which is right in a pod and wrong on a laptop, and no option changes that. Nor can gunicorn's control
socket be switched off, one file under HOME that two servers would fight over. Everything else is the real program.
"""

import sys

from seldon_core import microservice
from seldon_core.gunicorn_utils import StandaloneApplication

_load_config = StandaloneApplication.load_config


def load_config(application: StandaloneApplication) -> None:
    """Seldon's settings for gunicorn, but on the loopback interface and without a control socket."""
    _load_config(application)
    port = application.options["bind"].rpartition(":")[2]
    application.cfg.set("bind", f"127.0.0.1:{port}")
    application.cfg.set("control_socket_disable", True)


if __name__ == "__main__":
    StandaloneApplication.load_config = load_config
    sys.argv[0] = "seldon-core-microservice"
    microservice.main()
