"""Notebooks: one parameterised notebook, executed for each of a list, and the tables that it hands over.

`listing` says what runs, `run` executes one and keeps its copy whatever happens, `load` brings tables into the
warehouse; the others are their parts. Whoever writes a notebook has `steps.notebooks.air`.
"""
