"""What steps are built on and what can be swapped: the object store, the database, tracking."""
