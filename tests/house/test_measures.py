"""What no part of the house may outgrow."""

from tests import ROOT
from tests.house.measures import House

HOUSE = House(ROOT)


def test_no_folder_has_more_than_twenty_loose_files() -> None:
    assert {str(folder): len(files) for folder, files in HOUSE.folders.items() if len(files) > 20} == {}


def test_no_function_is_longer_than_fifty_lines() -> None:
    assert [function for function in HOUSE.functions if function.lines > 50] == []
