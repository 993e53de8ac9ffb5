"""Pages: how results are drawn for people, here and in the report of runs.

Each page is one HTML file that needs no network, no script and no other file. `markup` escapes by construction, `plot`
and `scale` draw, `parts` are the elements of sections; the other modules are sections, each a function from a summary
to markup. Colour alone never carries a meaning.
"""
