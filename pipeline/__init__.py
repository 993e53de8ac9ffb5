"""Decides what runs when: projects, their workflows, the manifests, and the engine and servers of a laptop."""

__version__ = "0.1.0"
