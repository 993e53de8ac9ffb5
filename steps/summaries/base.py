"""What all summaries share: their form in JSON, and how one that another version wrote is read."""

from collections.abc import Callable
from datetime import UTC, datetime
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import ErrorDetails

_MOST = 1e100  # squares and sums of such numbers are still finite
_WANTED = {
    "bool": "true or false",
    "datetime": "an RFC 3339 time",
    "dict": "an object",
    "finite": "a number",
    "float": "a number",
    "int": "a whole number",
    "model": "an object",
    "string": "text",
    "tuple": "a list",
}


class Unreadable(ValueError):
    """A summary that cannot be shown: names the field, what was got and what was wanted."""


class Absent(Unreadable):
    """Nothing is broken, but there is no such summary, or nothing of the kind in it; says why, or nothing
    where it does not belong there."""


def known[T](read: Callable[[], T]) -> T | None:
    """What `read` returns, or None if it cannot be read."""
    try:
        return read()
    except Unreadable:
        return None


def _utc(time: datetime) -> datetime:
    if not 1900 <= time.year <= 2200:  # arithmetic on other years may overflow
        raise ValueError(f"got {time.isoformat()}, wanted a year from 1900 to 2200")
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= _MOST


def _number_or_none(value: object) -> object:
    return value if _is_number(value) else None


def _numbers_only(values: object) -> object:
    return [value for value in values if _is_number(value)] if isinstance(values, list | tuple) else values


Number = Annotated[float, Field(ge=-_MOST, le=_MOST)]
Count = Annotated[int, Field(ge=0, le=10**18)]
Series = tuple[Annotated[float | None, BeforeValidator(_number_or_none)], ...]  # anything but a number is a gap
Numbers = Annotated[tuple[float, ...], BeforeValidator(_numbers_only)]  # anything but a number is left out
Instant = Annotated[datetime, AfterValidator(_utc), PlainSerializer(datetime.isoformat)]  # RFC 3339; here in UTC


class Part(BaseModel):
    """An object in a summary. A field that is null counts as missing."""

    model_config = ConfigDict(
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
        coerce_numbers_to_str=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    @classmethod
    def of(cls, thing: object, **more: Any) -> Self:
        """The part whose fields are attributes of `thing`, but for those given."""
        return cls.model_validate({name: getattr(thing, name) for name in cls.model_fields if name not in more} | more)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        if isinstance(values, dict):
            return {name: value for name, value in values.items() if value is not None}
        return values


class Summary(Part):
    """What a step says of its work."""

    _wrong: dict[str, str] = PrivateAttr(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON values."""
        return self.model_dump(mode="json")

    @classmethod
    def read(cls, values: object) -> Self:
        """The summary in `values` (decoded JSON), which another version of the step may have written.

        Raises:
            Unreadable: `values` is not an object. A field that is missing or wrong raises it when it is asked for.
        """
        if not isinstance(values, dict):
            raise Unreadable(f"summary: got {shortened(values)}, wanted an object")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            wrong = {str(one["loc"][0]): _reason(one) for one in reversed(error.errors())}
        names = {str(field.validation_alias or name): name for name, field in cls.model_fields.items()}
        untyped: dict[str, Any] = {names[key]: (Any, None) for key in wrong}
        readable = create_model(cls.__name__, __base__=cls, **untyped)
        summary = readable.model_validate({key: value for key, value in values.items() if key not in wrong})
        for key, reason in wrong.items():
            del summary.__dict__[names[key]]
            summary._wrong[names[key]] = reason
        return summary

    if not TYPE_CHECKING:  # a type checker would take every name for an attribute

        def __getattr__(self, name: str) -> Any:
            wrong = super().__getattr__("_wrong")
            if name in wrong:
                raise Unreadable(wrong[name])
            return super().__getattr__(name)


def _reason(error: ErrorDetails) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    kind, got = error["type"], shortened(error["input"])
    if kind == "missing":
        return f"summary{where} is missing"
    if kind == "value_error":
        return f"summary{where}: {error['ctx']['error']}"
    wanted = _WANTED.get(kind.partition("_")[0], error["msg"].removeprefix("Input should be "))
    return f"summary{where}: got {got}, wanted {wanted}"
