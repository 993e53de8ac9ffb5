"""A mistake in a declaration is one line: where it is written, which field, what was got and what was wanted."""

import pytest

from tests.checkout import Checkout

FILE = "pipeline/projects/openaq.py"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("trials=12", 'trials="x"', "Family(", "Family.trials: got 'x', wanted a valid integer"),
        ('name="linear",', "", "Family(", "Family.name is missing; wanted a text"),
        ("trials=12", "trials=12, trails=3", "Family(", "there is no field Family.trails"),
        ("low=0.0, high=1.0", "low=None, high=1.0", '"root"', "Range.low: got None, wanted a valid number"),
        ("low=0.0, high=1.0", "low=0.0, high=float('inf')", '"root"', "Range.high: got inf, wanted a finite number"),
        ("low=0.0, high=1.0", "low=0, high=1, kind=''", '"root"', "Range.kind: got '', wanted 'range'"),
        ("low=0.0, high=1.0", "0.0, 1.0", '"root"', "takes 1 positional argument"),
        ("(9000001, 9000002)", "'Wien'", "OPENAQ =", "Project.locations: got 'Wien', wanted a valid tuple"),
        ("gate=Gate()", "gate=None", "Learning(", "Learning.gate: got None, wanted a valid dictionary or instance of"),
        ("radius=12_000", "radius=12.5", "home=", "Place.radius: got 12.5, wanted a valid integer"),
        ("gate=Gate()", "gate=Gaet()", "Gaet", "name 'Gaet' is not defined"),
        ("import Place,", "import Palace,", "import Palace", "cannot import name 'Palace' from 'pipeline.project'"),
        ("gate=Gate()", "gate=$", "gate=$", "invalid syntax"),
        ("home=Place", "requests={'share': 2}, home=Place", "OPENAQ =", "requests.share: got 2, wanted"),
    ],
)
def test_a_mistake_is_one_line(checkout: Checkout, old: str, new: str, where: str, words: str) -> None:
    with checkout.edited(FILE, old, new):
        code, said = checkout.call("render", "openaq")
        lines = (checkout.folder / FILE).read_text(encoding="utf-8").splitlines()
    assert code == 2
    (error,) = said.splitlines()
    place, _, what = error.partition(": ")[2].partition(": ")
    file, _, number = place.partition(", line ")
    assert words in what
    assert "pydantic" not in error
    assert file == f"{checkout.folder}/{FILE}"
    assert where in lines[int(number) - 1]
