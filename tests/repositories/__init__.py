"""Small repositories as teams have them, of our own making, each with what its runs must come to."""
