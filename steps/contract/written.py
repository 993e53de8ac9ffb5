"""How a table is written: what separates its fields, what is a number, and what says that one is missing. The patterns
mean the same to RE2, which Arrow has, and to Python."""

from typing import Final

DELIMITERS: Final = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}
NUMBER: Final = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
COMMA_NUMBER: Final = NUMBER.replace(r"\.", ",")
MISSING: Final = r"(?i)^(?:|na|n/a|#n/a|nan|-nan|null|none|-|\?)$"
