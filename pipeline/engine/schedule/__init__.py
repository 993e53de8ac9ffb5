"""CronWorkflows: when they are due, and what is due after a pause."""
