"""What a model sees: features of hourly observations, and the keys that they are stored under."""
