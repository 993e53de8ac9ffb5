"""Charts for notebooks: each a picture with a sentence for those who cannot see it. SVG, with the reader's fonts."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from steps.notebooks.limits import Limit

BLUE, ORANGE, GREEN, GREY, RED = "#0072b2", "#d08000", "#00795a", "#9aa1a9", "#b93c00"
_WEEK: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SPEEDS: Final = ((0, 2), (2, 4), (4, 6), (6, np.inf))  # m/s
_SECTORS: Final = 16
_LOOK: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "legend.frameon": False,
    "svg.hashsalt": "charts",  # the same picture is the same file
}


@dataclass(frozen=True)
class Chart:
    """A picture, and what it shows in words."""

    svg: str
    words: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.words}


def course(days: pd.DataFrame, limits: Sequence[Limit], unit: str) -> Chart:
    """Daily means of one parameter over time, their mean of 30 days, and the limits of a day."""
    with mpl.rc_context(_LOOK):
        figure, axes = _plain("daily mean", unit)
        when, mean = pd.to_datetime(days["day"]), days["mean"]
        axes.plot(when, mean, color=BLUE, linewidth=0.7, alpha=0.55, label="day")
        axes.plot(when, mean.rolling(30, min_periods=15).mean(), color=BLUE, linewidth=2, label="30 days")
        for limit, color in zip([each for each in limits if each.span == "day"], (RED, ORANGE), strict=False):
            axes.axhline(limit.level, color=color, linewidth=1, linestyle="--", label=f"{limit.by}: {limit.level:g}")
        axes.legend(ncols=4, loc="upper right")
        axes.set_ylim(bottom=0)
        return _chart(figure, f"Daily means in {unit}, from {when.min():%d %B %Y} to {when.max():%d %B %Y}.")


def rhythm(hours: pd.DataFrame, unit: str) -> Chart:
    """The mean by hour of the day (weekdays and weekends, with the middle half of weekdays) and by day of the week."""
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(9, 3), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.6, 1), sharey=True)
        local, value = hours["local"], hours["value"]
        weekend = local.dt.dayofweek >= 5
        by = value[~weekend].groupby(local.dt.hour)
        left.fill_between(by.mean().index, by.quantile(0.25), by.quantile(0.75), color=BLUE, alpha=0.13, linewidth=0)
        left.plot(by.mean(), color=BLUE, linewidth=2, label="weekday")
        if weekend.any():
            other = value[weekend].groupby(local.dt.hour).mean()
            left.plot(other, color=ORANGE, linewidth=2, linestyle="--", label="weekend")
        left.set(title=f"by hour of the day, local ({unit})", xticks=range(0, 24, 3), xlim=(0, 23))
        left.set_ylim(bottom=0)
        left.legend()
        week = value.groupby(local.dt.dayofweek).mean().reindex(range(7))
        right.bar(_WEEK, week, color=[BLUE] * 5 + [ORANGE] * 2, width=0.7)
        right.set_title("by day of the week")
        peak = by.mean().idxmax()
        return _chart(
            figure, f"On weekdays the mean is highest at {peak}:00; on {_WEEK[int(np.argmax(week))]} of all days."
        )


def wind_rose(hours: pd.DataFrame, parameter: str, unit: str) -> Chart:
    """Where the wind comes from and how fast, and the parameter's mean by that. `hours`: `wind_direction` (degrees from
    north, where it comes from), `wind_speed` (m/s), and the parameter."""
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(9, 4), layout="constrained")
        left, right = figure.subplots(1, 2, subplot_kw={"projection": "polar"})
        sector = (np.round(hours["wind_direction"] / (360 / _SECTORS)) % _SECTORS).astype(int)
        angles = np.arange(_SECTORS) * 2 * np.pi / _SECTORS
        bottom = np.zeros(_SECTORS)
        for (low, high), shade in zip(_SPEEDS, (0.25, 0.5, 0.75, 1), strict=True):
            within = hours["wind_speed"].ge(low) & hours["wind_speed"].lt(high)
            share = np.bincount(sector[within], minlength=_SECTORS) / len(hours) * 100
            name = f"{low}–{high:g} m/s" if np.isfinite(high) else f"over {low} m/s"
            left.bar(angles, share, width=0.36, bottom=bottom, color=BLUE, alpha=shade, label=name)
            bottom += share
        mean = hours[parameter].groupby(sector).mean().reindex(range(_SECTORS)).to_numpy()
        right.bar(angles, mean, width=0.36, color=ORANGE)
        for axes, title in ((left, "wind from there, % of hours"), (right, f"mean with wind from there ({unit})")):
            axes.set_theta_zero_location("N")
            axes.set_theta_direction(-1)
            axes.set_thetagrids(range(0, 360, 45), ("N", "NE", "E", "SE", "S", "SW", "W", "NW"))
            axes.set_title(title, loc="center", pad=14)
            axes.grid(color="#e6e6e1")
            axes.spines["polar"].set_visible(False)
        left.legend(loc="lower left", bbox_to_anchor=(-0.32, -0.12))
        worst = int(np.nanargmax(mean)) * 360 // _SECTORS
        words = (
            f"Most wind is from {int(np.argmax(bottom)) * 360 // _SECTORS}°; the mean is highest with it from {worst}°."
        )
        return _chart(figure, words)


def trend(months: pd.Series, line: pd.Series, unit: str) -> Chart:
    """Monthly means, and the line through them."""
    with mpl.rc_context(_LOOK):
        figure, axes = _plain("monthly mean", unit)
        axes.plot(months.index, months, color=BLUE, marker="o", markersize=4, linewidth=1)
        axes.plot(line.index, line, color=RED, linewidth=1.5, linestyle="--", label="Theil–Sen")
        axes.set_ylim(bottom=0)
        axes.legend()
        return _chart(figure, f"Monthly means in {unit}: {months.iloc[0]:.1f} at first, {months.iloc[-1]:.1f} at last.")


def forecast(outcomes: pd.DataFrame, unit: str) -> Chart:
    """What was predicted, its band, and what came true."""
    with mpl.rc_context(_LOOK):
        figure, axes = _plain("the last days with a forecast, times in UTC", unit)
        when = outcomes["target_at"]
        if outcomes["low"].notna().any():
            axes.fill_between(
                when, outcomes["low"], outcomes["high"], color=BLUE, alpha=0.13, linewidth=0, label="band"
            )
        axes.plot(when, outcomes["observed"], color="#23272d", linewidth=1.25, label="measured")
        axes.plot(when, outcomes["predicted"], color=BLUE, linewidth=1.75, linestyle="--", label="predicted")
        axes.legend(ncols=3)
        return _chart(
            figure, f"Predicted and measured values in {unit}, from {when.min():%d %B} to {when.max():%d %B}."
        )


def _plain(title: str, unit: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{title} ({unit})")
    return figure, axes


def _chart(figure: Figure, words: str) -> Chart:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return Chart(drawn.getvalue(), words)
