"""Time as Go has it: instants, layouts, durations."""
