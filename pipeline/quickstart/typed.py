"""What the main job's options are called where they were typed: AS_OF= of make, or --as-of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Typed:
    """`make`: as variables of make."""

    make: bool = False

    def name(self, option: str) -> str:
        """An option's name."""
        return option.upper().replace("-", "_") if self.make else f"--{option}"

    def given(self, option: str, value: str) -> str:
        """An option with its value."""
        return f"{self.name(option)}{'=' if self.make else ' '}{value}"
