"""Reading what a leaf does: run a container's command, call an address, work on an object; and what it has for that."""
