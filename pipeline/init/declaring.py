"""The declaration of a table as Python, to be edited."""

from collections.abc import Iterator

from pipeline.init.columns import Found, Guess, room
from pipeline.init.series import HORIZON_HOURS, Series, unit
from steps.summaries.intervals import DAY

_OWN = 'Family(name="neighbours", model="{package}.models:Neighbours", trials=4, space={{"near": NEAR}}),'
_SVC = (
    'Family(name="linear-svc", model="steps.models.svc:LinearSVC", trials=4, '
    'space={"c": Range(low=0.01, high=10.0, log=True)}),'
)
_FOREST = (
    "Family(",
    '    name="forest",',
    '    model="steps.models.forest:{forest}",',
    "    trials=4,",
    '    space={{"trees": Range(low=50, high=150), "leaf_rows": Range(low=1, high=12, log=True)}},',
    "),",
)
_BOOSTING = (
    "Family(",
    '    name="boosting",',
    '    model="steps.models.lightgbm:LightGBM",',
    "    trials=4,",
    '    space={"trees": Range(low=60, high=200), "leaves": Range(low=4, high=24, log=True)},',
    "),",
)
_LEFT_OUT = 60  # characters of a reason
_LARGE = 48 * 2**20  # bytes; 64 MB are taken unless another number is declared


def text(name: str, package: str, title: str, source: str, guess: Guess, *, size: int = 0) -> str:
    """The whole module. `size`: of the file, in bytes."""
    classes = guess.task == "classification"
    families = [_OWN.format(package=package), *(line.format(forest=_forest(guess)) for line in _FOREST)]
    families += [_SVC] if classes else _BOOSTING
    lines = [
        f'"""{_plain(title)}.',
        "",
        f"Written by `pipeline init` from {_plain(source)}: look it through, and edit it. Ranges have room around what",
        'was seen; a row outside them is left out, and a file of many such rows is refused."""',
        "",
        "from pipeline.project import Images, TableProject",
        "from steps.contract.declaration import Column, Family, Gate, Range, Table, TableLearning",
        "",
        "NEAR = Range(low=3, high=40, log=True)  # how many rows a neighbour's answer is made of",
        "",
        "PROJECT = TableProject(",
        f"    name={_quoted(name)},",
        f"    title={_quoted(title)},",
        "    table=Table(",
        "        columns=(",
        *(
            f"            {line}"
            for each in guess.used
            for line in _column(each, exact=classes and each is guess.target)
        ),
        "        ),",
        *_ignored(guess),
        f"        refused_share={guess.refused_share:g},",
        *([f"        largest_mb={2 * size // 2**20},"] if size > _LARGE else []),
        "    ),",
        "    learning=TableLearning(",
        f"        target={_quoted(guess.target.name)},",
        f'        task="{guess.task}",',
        f"        features={_quoted(f'{package}.features:build')},",
        f"        folds={guess.folds},",
        "        families=(",
        *(f"            {line}" for line in families),
        "        ),",
        f"        gate=Gate(metric={_quoted('accuracy' if classes else 'rmse')}),",
        "    ),",
        "    # `make images` builds these; a new version in pyproject.toml is named here, too",
        f"    images=Images(steps={_quoted(f'{name}-steps:0.1.0')}, serving={_quoted(f'{name}-serve:0.1.0')}),",
        ")",
    ]
    return "\n".join(lines) + "\n"


def series_text(name: str, package: str, title: str, source: str, found: Series) -> str:
    """The whole module of a project that learns from series."""
    entities = ", ".join(f"{number} {_plain(entity)}" for entity, number in found.entities.items() if entity)
    numbers = tuple(found.entities.values())
    days = found.interval is DAY
    lines = [
        f'"""{_plain(title)}.',
        "",
        f"Written by `pipeline init` from {_plain(source)}: look it through, and edit it. Values out of range count",
        'as faults of an instrument. Units are those that the files in data/archive state."""',
        "",
        f"from pipeline.project import Images, Project{', Schedule' if days else ''}",
        "from steps.contract.declaration import Family, Gate, Learning, Quantity, Range",
        "",
        "PROJECT = Project(",
        f"    name={_quoted(name)},",
        f"    title={_quoted(title)},",
        "    quantities={",
        *(f"        {_quantity(each, column)}" for each, column in found.quantities.items()),
        "    },",
        '    source="data/archive",  # for a cluster: the URL of a place that has it',
        f"    locations=({', '.join(map(str, numbers))}{',' if len(numbers) == 1 else ''}),"
        + (f"  # {entities[:60]}" if entities else ""),
        "    learning=Learning(",
        f"        target={_quoted(found.target)},",
        *(['        frequency="daily",'] if days else []),
        f"        horizon_hours={HORIZON_HOURS},",
        f"        features={_quoted(f'{package}.features:build')},",
        "        families=(",
        "            Family(",
        '                name="linear",',
        '                model="steps.models.linear:Linear",',
        "                trials=4,",
        '                space={"root": Range(low=0.0, high=1.0)},',
        "            ),",
        "            Family(",
        '                name="lightgbm",',
        '                model="steps.models.lightgbm:LightGBM",',
        "                trials=3,",
        '                space={"trees": Range(low=60, high=150), "leaves": Range(low=4, high=24, log=True)},',
        "            ),",
        "        ),",
        f"        gate=Gate({'block_hours=168' if days else ''}),"
        + ("  # weeks: days that follow each other are alike" if days else ""),
        "    ),",
        *(['    schedule=Schedule(timezone="UTC"),  # where a day is over at midnight'] if days else []),
        "    # `make images` builds these; a new version in pyproject.toml is named here, too",
        f"    images=Images(steps={_quoted(f'{name}-steps:0.1.0')}, serving={_quoted(f'{name}-serve:0.1.0')}),",
        ")",
    ]
    return "\n".join(lines) + "\n"


def _quantity(name: str, column: Found) -> str:
    numbers = column.numbers or (0.0,)
    low, high = room(min(numbers), max(numbers), whole=False)
    given = f"unit={_quoted(unit(column.name))}, low={_number(low)}, high={_number(high)}"
    return f"{_quoted(name)}: Quantity({given}),  # seen: {min(numbers):g} to {max(numbers):g}"


def seen(column: Found) -> str:
    """What was seen in a column, in words."""
    if column.left_out:
        return f"left out: {column.left_out}"
    lacks = f", {column.missing:,} missing" if column.missing else ""
    if column.numbers is None:
        return f"one of {', '.join(column.levels)}{lacks}"
    kind = "whole numbers" if column.whole else "numbers"
    return f"{kind} from {min(column.numbers):g} to {max(column.numbers):g}{lacks}"


def _column(column: Found, *, exact: bool) -> Iterator[str]:
    name = _quoted(column.name)
    if column.numbers is None:
        yield f"Column(name={name}, levels={_tuple(column.levels)}),"
        return
    least, most = min(column.numbers), max(column.numbers)
    low, high = (least, most) if exact else room(least, most, whole=column.whole)
    whole = ", whole=True" if column.whole else ""
    yield f"Column(name={name}, low={_number(low)}, high={_number(high)}{whole}),  # seen: {least:g} to {most:g}"


def _ignored(guess: Guess) -> Iterator[str]:
    if guess.ignored:
        yield "        ignored=("
        for each in guess.ignored:
            yield f"            {_quoted(each.name)},  # {each.left_out[:_LEFT_OUT]}"
        yield "        ),"


def _forest(guess: Guess) -> str:
    return "ForestClassifier" if guess.task == "classification" else "ForestRegressor"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _tuple(texts: tuple[str, ...]) -> str:
    return f"({', '.join(map(_quoted, texts))}{',' if len(texts) == 1 else ''})"


def _plain(text: str) -> str:
    """As it may stand in a docstring."""
    return text.replace("\\", "/").replace('"', "'")


def _quoted(text: str) -> str:
    """As Python writes it, with double quotes where it can."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain.startswith("'") and '"' not in plain and "\\'" not in plain else plain
