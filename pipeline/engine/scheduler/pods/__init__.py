"""Leaves that are more than one command: daemons, and pods of several containers."""
