"""From the text of an expression to its tree, and the types of what stands in it."""
