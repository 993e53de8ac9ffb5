"""`pipeline init`: a folder that is a project of its own, from a table or from an example."""
