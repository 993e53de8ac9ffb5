"""A model on its way to its users: packed, stored, deployed."""
