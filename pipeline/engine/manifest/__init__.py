"""From a file to typed templates, or to a refusal that names template and field."""
