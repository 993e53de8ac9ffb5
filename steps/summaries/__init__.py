"""Summaries: what a step says of its work, one model for each kind, shared by the step that writes it and the pages
that read it.

The step builds the model and writes its JSON. A reader calls `read`, because the summary may be another version's,
truncated or hostile: a part that cannot be read raises `Unreadable` when it is asked for, and the others stay usable.
"""
