"""A model on its way to those who ask it: packed, stored, deployed."""
