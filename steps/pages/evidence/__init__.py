"""The sections of a decision: what it rests on."""
