"""The models of a project: listed, shown in detail, rolled back."""
