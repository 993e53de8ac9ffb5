"""How a check of the kit says what is wrong."""


def refuse(wrong: bool, words: str) -> None:
    """Raises AssertionError, with these words, if it is `wrong`; also where Python is told to ignore `assert`."""
    if wrong:
        raise AssertionError(words)
