"""What a template asks for before anything runs: the order of its tasks, its arguments, the items of a fan-out."""
