"""The router in front of a model's servers: the champion answers; a challenger on trial never costs an answer.

Requests come in by `door`; `proxy` says who answers them, `trying` asks the challenger; `trial` is what that may do
now, by what `alarm` says of its answers; `routes` reads who they are from the SeldonDeployment that `source` watches.
`python -m steps.router --help`.
"""
