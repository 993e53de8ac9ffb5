"""How an expression can fail; callers see all of it as `NotEvaluated`."""


class NotEvaluated(Exception):
    """The expression has no value; the message says why, in the controller's words if it has any for this."""


class NotParsed(NotEvaluated):
    """The text is not an expression; the message ends with line and column."""

    def __init__(self, problem: str, text: str = "", column: int = 0) -> None:
        line = text.count("\n", 0, column) + 1
        super().__init__(f"{problem} ({line}:{column - (text.rfind(chr(10), 0, column) + 1) + 1})")
