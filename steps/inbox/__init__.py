"""From dropped objects to rows in the history: who takes them, where they go, and what is true at which moment.

`taking` is the order of things; the other modules are its parts. Everything it does to the world is a method of a
bucket or one transaction, so that a test can end it between any two.
"""
