"""A project's inbox: put a file there, see where each file is and why."""
