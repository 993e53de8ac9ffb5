"""What a pod is beyond one command: daemons that are awaited, several containers, and those before and beside them."""
