"""The state of a run and what changes it: an event comes in, commands go out. No clock, no files, no processes."""
