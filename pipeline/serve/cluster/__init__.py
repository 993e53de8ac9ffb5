"""The pages on a cluster: the same, read from the Kubernetes API, the warehouse and MLflow. Argo is the engine there;
where they may act at all, they make and change its Workflows as its other clients do.

They listen on the pod's own loopback alone: who may `kubectl port-forward` to it may look.
"""

from pipeline.serve.cluster.serving import serve

__all__ = ["serve"]
