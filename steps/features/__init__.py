"""What a model sees: features of hourly observations, and the keys they are stored under."""
