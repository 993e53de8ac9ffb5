"""A file arrives: the EventBus, EventSource and Sensor that start a project's `ingest` on a cluster. The local watch
reads the same files, so that both do the same.

Hera's models of these have no apiVersion and drop a trigger's resource, so we have our own, small ones.
"""

from pipeline.events.building import rendered

__all__ = ["rendered"]
