"""The routes of Argo Server's API, by what they are about."""
