"""What runs beside a task, a step or the whole workflow, and after a task or step."""
