"""Does what the scheduler asks for: processes, their files and logs, and the journal of every transition."""
