"""SeldonDeployments on this machine: for each, the model servers of its predictors, and a router on the port that is
known."""

from pipeline.stack.serving.deployment import Deployment, read
from pipeline.stack.serving.deployments import Deployments

__all__ = ["Deployment", "Deployments", "read"]
