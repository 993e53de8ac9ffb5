"""sprig's functions, by name. https://masterminds.github.io/sprig/"""

from typing import Any, Final

from pipeline.engine.expressions.sprig_dates import DATES
from pipeline.engine.expressions.sprig_lists import LISTS
from pipeline.engine.expressions.sprig_maps import MAPS
from pipeline.engine.expressions.sprig_numbers import NUMBERS
from pipeline.engine.expressions.sprig_texts import TEXTS
from pipeline.engine.expressions.values import Function

SPRIG: Final[dict[str, Any]] = {
    name: Function(f"sprig.{name}", takes, run)
    for name, (takes, run) in {**TEXTS, **NUMBERS, **LISTS, **MAPS, **DATES}.items()
}
