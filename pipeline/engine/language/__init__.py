"""What manifests say in texts: variables, conditions, durations, expressions. Knows no template and no run."""

from pipeline.engine.language.lookup import ABSENT, Lookup
from pipeline.engine.language.variables import Unresolved, go_json, replace_all
from pipeline.engine.language.when import NotEvaluated, holds

__all__ = ["ABSENT", "Lookup", "NotEvaluated", "Unresolved", "go_json", "holds", "replace_all"]
