"""Parameters as they are typed: `-p name=value`."""

from collections.abc import Iterable

from pipeline.errors import UserError


def named_values(pairs: Iterable[str], example: str) -> dict[str, str]:
    """The values by name; `example`: of a pair, for who typed something else.

    Raises:
        UserError: one is not of that form.
    """
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"-p {pair}: wanted name=value, for example -p {example}")
        given[name] = value
    return given
