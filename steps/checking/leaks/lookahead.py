"""Whether features look ahead: a row must be the same while the hours after it do not exist yet.

A feature function is named in a project's declaration and may come from anyone. One that uses a later hour, through a
shift of the wrong sign or a mean over the whole month, makes every score splendid and every forecast wrong. So some
rows of each location are built again from only the hours up to them.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

Build = Callable[[pd.DataFrame], pd.DataFrame]  # of observations: their rows, with time and the features

_PLACES = (1 / 3, 2 / 3)  # of the rows, in order of time


def found(observations: pd.DataFrame, rows: pd.DataFrame, build: Build) -> str | None:
    """In words, what the features of `rows` know too early; `build` made them from the `observations` of a month.

    Only hours that the location has observed are tried: without later ones its rows end with them.
    """
    own = observations[observations["location"].isin(rows["location"])]
    tried = rows[rows["time"].isin(own["time"])]
    for place in _PLACES if len(tried) else ():
        whole = tried.iloc[int(place * len(tried))]
        time = whole["time"]
        then = build(observations[observations["time"] <= time])
        same = then[then["time"] == time]
        if same.empty:
            return f"the row of {time:%F %H:%M} UTC is there with the hours after it, and not without them"
        now = same.iloc[0]
        for name in rows.columns.difference(["time"], sort=False):
            early, late = now.get(name, np.nan), whole[name]
            if not (early == late or (pd.isna(early) and pd.isna(late))):
                return f"{name} at {time:%F %H:%M} UTC is {late:g} with the hours after it, and {early:g} without them"
    return None
