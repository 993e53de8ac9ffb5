"""A daily series that is made up but behaves (a season, weekdays, what lasts for days), and its project."""

import gzip
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipeline.project import Project
from steps.checking.reading import RawFile
from steps.contract.declaration import Declaration, Family, Gate, Learning, Quantity, parse
from steps.features import daily

FIRST = date(2023, 1, 2)  # a Monday
SHOPS = (1, 2)
HEADER = "location_id,sensors_id,location,datetime,lat,lon,parameter,units,value"


def declared(**changed: object) -> Declaration:
    """Sales of two shops, a day ahead; something of how they are learned from changed."""
    families = (Family(name="linear", model="steps.models.linear:Linear", trials=1),)
    given = {"target": "sold", "frequency": "daily", "families": families, "gate": Gate(block_hours=168)} | changed
    project = Project(
        name="sales",
        title="Sales a day ahead",
        quantities={"sold": Quantity(unit="pcs", low=0, high=500), "temp": Quantity(unit="°C", low=-40, high=60)},
        source="data/archive",
        locations=SHOPS,
        learning=Learning.model_validate(given),
    )
    return parse(project.declaration())


def observations(days: int = 500, seed: int = 1) -> pd.DataFrame:
    """What `SHOPS` sold, and the temperature; one day in thirty is missing."""
    random = np.random.default_rng(seed)
    times = pd.date_range(pd.Timestamp(FIRST, tz="UTC") + pd.Timedelta(days=1), periods=days, freq="D", unit="us")
    dates = times - pd.Timedelta(days=1)
    season = np.sin(2 * np.pi * dates.dayofyear.to_numpy() / 365.25)
    lasting = pd.Series(random.normal(0, 8, days)).ewm(halflife=5).mean().to_numpy()
    parts = []
    for shop in SHOPS:
        sold = (
            100 + 20 * shop + 40 * (dates.weekday.to_numpy() >= 5) + 15 * season + lasting + random.normal(0, 3, days)
        )
        for name, values in (("sold", sold), ("temp", 10 - 12 * season + random.normal(0, 3, days))):
            parts.append(pd.DataFrame({"location": shop, "time": times, "parameter": name, "value": values}))
    rows = pd.concat(parts, ignore_index=True).assign(offset_minutes=0)
    kept = rows[random.random(len(rows)) > 1 / 30]
    return kept.sort_values(["location", "time", "parameter"], ignore_index=True)


def features(observed: pd.DataFrame, learning: Learning) -> pd.DataFrame:
    """The features of every shop."""
    built = [daily.build(observed, parameter="sold", learning=learning, location=shop) for shop in SHOPS]
    return pd.concat(built, ignore_index=True)


def file(*stamped: tuple[str, str], day: date = FIRST, shop: int = 1) -> RawFile:
    """A file of a shop's day with these times and values of what it sold."""
    lines = [f"{shop},{shop}1,shop,{stamp},0.0,0.01,sold,pcs,{value}" for stamp, value in stamped]
    return RawFile(shop, day, "etag", "key", gzip.compress("\n".join([HEADER, *lines]).encode()))


def midnight(day: date, offset: str = "+00:00") -> str:
    """The time that ends a day."""
    return f"{day + timedelta(days=1)}T00:00:00{offset}"
