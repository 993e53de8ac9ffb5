"""What a person does to a workflow of a case while it runs, or when it is over."""
