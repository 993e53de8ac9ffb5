"""What starts workflows by itself: schedules that are due and files that arrive."""
