"""What manifests say in texts: variables, conditions, durations, expressions. Knows no template and no run."""
