"""Label and field selectors, as Kubernetes reads them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from pipeline.serve.problems import invalid

Selector = Callable[[Mapping[str, str]], bool]

_PARTS: Final = re.compile(r",(?![^()]*\))")  # a comma that is not within parentheses
_NAME: Final = r"[A-Za-z0-9][-A-Za-z0-9_./]*"
_SET: Final = re.compile(rf"({_NAME})\s+(in|notin)\s*\(([^()]*)\)")
_EQUAL: Final = re.compile(rf"({_NAME})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)")
_THERE: Final = re.compile(rf"(!?)\s*({_NAME})")


def labels(text: str) -> Selector:
    """A label selector: `=`, `==`, `!=`, `in`, `notin`, `name`, `!name`.

    Raises:
        Problem: it is none.
    """
    wanted = [_label(part.strip()) for part in _PARTS.split(text) if part.strip()]
    return lambda found: all(each(found) for each in wanted)


def _label(part: str) -> Selector:
    if match := _SET.fullmatch(part):
        name, word, values = match[1], match[2], {value.strip() for value in match[3].split(",")}
        if word == "in":
            return lambda found: found.get(name) in values
        return lambda found: found.get(name) not in values
    if match := _EQUAL.fullmatch(part):
        name, sign, value = match.groups()
        if sign == "!=":
            return lambda found: found.get(name) != value
        return lambda found: found.get(name) == value
    if match := _THERE.fullmatch(part):
        name, absent = match[2], bool(match[1])
        return lambda found: (name in found) != absent
    raise invalid(f"unable to parse requirement: {part!r:.80} is no label selector")


def fields(text: str) -> dict[str, str]:
    """A field selector of equalities: the wanted value of each field.

    Raises:
        Problem: it is none, or uses `!=`, which no client does.
    """
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or name.endswith("!"):
            raise invalid(f"invalid field selector: {part!r:.80}; wanted name=value")
        found[name.strip()] = value.removeprefix("=").strip()
    return found


def given_labels(text: str) -> dict[str, str]:
    """Labels as submit options have them: `a=b,c=d`.

    Raises:
        Problem: they are not of that form.
    """
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise invalid(f"expected labels of the form: NAME1=VALUE2,NAME2=VALUE2. Received: {text:.80}")
        found[name.strip()] = value.strip()
    return found
