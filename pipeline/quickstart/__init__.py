"""What `make run` does, from the data to a model that answers."""
