"""From dropped objects to rows in the history: who takes them, where they go, and what is true at which moment.

`taking` is the sequence of steps; the other modules are its parts. Everything it changes is changed by a method of a
bucket or by one transaction, so that a test can stop it between any two.
"""
