"""Pages: how results are drawn for people, here and in the report of runs.

One HTML file that needs no network, no script and nothing beside it. `markup` escapes by construction, `plot` and
`scale` draw, `parts` are what sections are made of; the other modules are the sections of a decision, each a function
from its summary to markup. Colour alone never carries a meaning.
"""
