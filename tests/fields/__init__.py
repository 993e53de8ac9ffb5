"""Every field of Argo's schema, and what this engine does with it, as the engine itself says: docs/fields.md."""
