"""The work itself: each module is one command that a container, or the engine on a laptop, runs.

Steps know nothing of workflows or engines. They read and write local files only where they are told, and reach the
object store, the tracking server and the database by settings in the environment (see `settings`).
"""
