"""Talks to a real cluster, by the programs that its users have anyway: kubectl and helm."""
