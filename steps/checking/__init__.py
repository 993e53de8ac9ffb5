"""Raw files are checked before anything learns from them: read, expected, judged, quarantined, shown."""
