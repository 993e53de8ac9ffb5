"""Runs on a terminal: a live tree, lines, logs, tables, and the tree of what would run."""
