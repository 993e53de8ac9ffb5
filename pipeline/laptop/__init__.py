"""This machine as a place to run workflows: servers, journal, a run in the foreground, runs in the background."""
