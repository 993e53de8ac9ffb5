"""What one evaluation may cost. Expressions come from manifests and from values that steps put out, so none may hang
the engine or fill its memory. The first bound is expr-lang's own; it has no others, so the rest are ours."""

from typing import Final

from pipeline.engine.language.expr.errors import NotEvaluated

MAX_ENTRIES: Final = 1_000_000  # list and map entries made, and characters that `repeat` makes
MAX_STEPS: Final = 250_000  # nodes evaluated, entries compared, blocks of 256 characters read: about half a second
MAX_CHARACTERS: Final = 16_000_000  # of all texts made


class Budget:
    """What is left for one evaluation."""

    __slots__ = ("characters", "entries", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.entries = MAX_ENTRIES
        self.characters = MAX_CHARACTERS

    def step(self, count: int = 1) -> None:
        """Count work.

        Raises:
            NotEvaluated: it is too much.
        """
        self.steps -= count
        if self.steps < 0:
            raise NotEvaluated(f"the expression takes more than {MAX_STEPS} steps")

    def grow(self, entries: int) -> None:
        """Count entries that are about to be made."""
        self.entries -= entries
        if self.entries <= 0:
            raise NotEvaluated("memory budget exceeded")

    def write(self, characters: int) -> None:
        """Count characters that are about to be made."""
        self.characters -= characters
        if self.characters < 0:
            raise NotEvaluated(f"the expression makes more than {MAX_CHARACTERS} characters of text")

    def put(self, characters: int) -> None:
        """Count one piece of a text that is being written, and the work of it."""
        self.step(1 + characters // 256)
        self.write(characters)

    def weigh(self, *values: object) -> None:
        """Count the work of reading texts."""
        for value in values:
            if isinstance(value, str) and len(value) > 255:
                self.step(len(value) // 256)

    def made(self, value: object) -> None:
        """Count a value that a function has made. A function that makes much out of little counts that itself."""
        if isinstance(value, str):
            self.write(len(value))
        elif isinstance(value, list | dict):
            self.step(len(value) // 8)
            self.entries -= len(value) // 8
            if self.entries <= 0:
                raise NotEvaluated("memory budget exceeded")
