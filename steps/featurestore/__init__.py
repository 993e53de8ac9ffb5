"""Features that others can read: a view over the lake, never the truth.

`flatten` lays the current rows out flat in the lake and writes down what Feast is to be told; `apply` tells it, and
loads each location's newest row into the online store. The second runs in Feast's own environment (`locked/`), whose
numpy is not ours, so it and what it imports keep to what both environments have.
"""
