"""The functions of expr-lang."""
