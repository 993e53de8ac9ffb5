"""Ten thousand locations, made up: what the steps take at sizes that a machine can bear, and what follows for more."""
