"""What every step keeps to: its command line, the declaration it is given, what it selects."""
