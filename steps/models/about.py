"""What a model's numbers mean, for whoever asks its server: their unit, and which hour or day they are for."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Self

from steps.errors import BadInput
from steps.summaries.intervals import Frequency

FILE: Final = "about.json"


@dataclass(frozen=True)
class About:
    """`unit`: of what is predicted; empty for none. `hours_ahead`: of a series, how much later than its features' hour
    or day an answer is for. `example_time`: the end of the one that the example's features are of, UTC, RFC 3339.
    `frequency`: whether that is an hour or a day."""

    unit: str = ""
    hours_ahead: int | None = None
    example_time: str = ""
    frequency: Frequency = "hourly"

    def to_bytes(self) -> bytes:
        """The content of `about.json`."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """What was stored.

        Raises:
            BadInput: the content is wrong.
        """
        try:
            found = cls(**json.loads(body))
        except (ValueError, TypeError) as error:
            raise BadInput(f"{FILE} does not say what the model's numbers mean: {error}; train again") from error
        return found
