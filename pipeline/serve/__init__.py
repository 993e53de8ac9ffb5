"""Argo Server's HTTP API on this machine's runs, so that `argo`, Hera and the Argo UI work without a cluster; and a
page where people look.

`app` has the routes; `objects` makes Kubernetes objects of runs; `changes` tells of what is new; `actions` starts and
ends runs, by processes of their own that outlive the server. Nothing here is needed to run a workflow.
https://argo-workflows.readthedocs.io/en/latest/rest-api/
"""
