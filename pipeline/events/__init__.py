"""A file arrives: the EventBus, EventSource and Sensor that start a project's `ingest`, for a cluster, and read back by
the local watch, so that both do the same.

Hera's models of these have no apiVersion and drop a trigger's resource, so these are our own, and small.
"""

from pipeline.events.building import rendered

__all__ = ["rendered"]
