"""Who answers, and for what."""

import sys
from typing import Any, Final

from starlette.routing import BaseRoute

from pipeline import __version__
from pipeline.serve.api.requests import Call, route

SPOKEN: Final = "v3.7.18"
"""The version of Argo Server whose API this is; clients show it."""


def _info(_call: Call) -> dict[str, Any]:
    """Without the UI's pop-ups."""
    quiet = {"feedback": False, "firstTimeUser": False, "newVersion": False}
    return {"managedNamespace": "", "links": [], "columns": [], "navColor": "", "modals": quiet}


def _version(_call: Call) -> dict[str, Any]:
    return {
        "version": SPOKEN, "buildDate": "1970-01-01T00:00:00Z", "gitCommit": f"learning-pipelines {__version__}",
        "gitTag": SPOKEN, "gitTreeState": "clean", "goVersion": "none",
        "compiler": f"Python {sys.version_info.major}.{sys.version_info.minor}", "platform": "laptop",
    }  # fmt: skip


def routes() -> list[BaseRoute]:
    """Those that every page and client asks first."""
    return [
        route("GET", "/api/v1/info", _info),
        route("GET", "/api/v1/version", _version),
        route("GET", "/api/v1/userinfo", lambda _: {}),
        route("POST", "/api/v1/tracking/event", lambda _: {}),
    ]
