"""A run as others see it."""
