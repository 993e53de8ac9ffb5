"""The servers on this machine that stand in for the cluster's: object store, tracking, model server, fork server."""

from pipeline.stack.stack import ServerStatus, Stack

__all__ = ["ServerStatus", "Stack"]
