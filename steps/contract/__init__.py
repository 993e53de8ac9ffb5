"""What all steps share: the command line, the declaration, the selection of data."""
