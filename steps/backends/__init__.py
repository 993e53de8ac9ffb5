"""What steps stand on and may be swapped: the object store, the database, tracking. The only part of `steps` that
`pipeline` may import."""
