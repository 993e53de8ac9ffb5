"""Runs as a whole: submitted, executed, resumed, looked at, stopped, run again from a node."""
