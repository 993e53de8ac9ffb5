"""What an expression can fail with; all of it reaches a caller as `NotEvaluated`."""


class NotEvaluated(Exception):
    """The expression has no value; the message says why, in the controller's words where it has any."""


class NotParsed(NotEvaluated):
    """The text is not of the language; the message ends with line and column."""

    def __init__(self, problem: str, text: str = "", column: int = 0) -> None:
        line = text.count("\n", 0, column) + 1
        super().__init__(f"{problem} ({line}:{column - (text.rfind(chr(10), 0, column) + 1) + 1})")
