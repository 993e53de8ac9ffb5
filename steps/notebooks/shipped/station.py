# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# What is in the air here: how it has gone, when and with which wind it is worst, whether it is getting better, how
# often limits were passed, and how good the forecasts are. Times are local, the hour is the one that ends then.

# %% tags=["parameters"]
project = "openaq"
station: int = 9000001
parameter = "no2"
as_of = ""  # RFC 3339; empty: now. The newest hour up to then is the last
days = 730  # to look back

# %%
import pandas as pd
from scipy.stats import theilslopes

from steps.notebooks import air, charts, limits

end = air.until(project, station, as_of)
everything = air.hours(project, station, end, days)
hours = everything[everything["parameter"] == parameter].reset_index(drop=True)
if hours.empty:
    raise LookupError(
        f"station {station} has no hour of {parameter} in the {days} days before {end:%Y-%m-%d %H:%M} UTC"
    )
unit = hours["unit"].iloc[0]

# %% [markdown]
# ## What there is

# %%
span = everything.groupby("parameter").agg(
    unit=("unit", "first"), first=("day", "min"), last=("day", "max"), hours=("value", "size"),
    mean=("value", "mean"), median=("value", "median"), highest=("value", "max"),
)  # fmt: skip
covered = (pd.to_datetime(span["last"]) - pd.to_datetime(span["first"])).dt.days.add(1).mul(24)
span.assign(coverage=(span["hours"] / covered).map("{:.0%}".format)).round(1)

# %% [markdown]
# ## How it has gone

# %%
by_day = limits.days(everything)
of_parameter = by_day[by_day["parameter"] == parameter]
charts.course(of_parameter, limits.of(parameter), unit)

# %% [markdown]
# ## When it is worst

# %%
charts.rhythm(hours, unit)

# %% [markdown]
# ## With which wind
# Where the station has wind. A mean that is higher from one side points to what lies there.

# %%
wide = everything.pivot(index="time", columns="parameter", values="value")
windy = wide.reindex(columns=["wind_direction", "wind_speed", parameter]).dropna()
shown = charts.wind_rose(windy, parameter, unit) if len(windy) else print("This station has no wind.")
shown

# %% [markdown]
# ## Whether it is getting better
# The slope of Theil and Sen (the median of the slopes between any two months) through the monthly means, less what is
# usual of that month where there are two years. Below a year, season and trend cannot be told apart.

# %%
months = hours.set_index("local")["value"].resample("MS").agg(["mean", "count"])
months = months.loc[months["count"] >= 0.5 * months.index.days_in_month * 24, "mean"]
if len(months) < 12:
    shown = None
    print(f"{len(months)} months are too few; wanted 12.")
else:
    usual = months.groupby(months.index.month).transform("mean") if len(months) >= 24 else months.mean()
    years = (months.index - months.index[0]).days.to_numpy() / 365.25
    slope, at_zero, low, high = theilslopes(months - usual, years, 0.95)
    line = pd.Series(at_zero + slope * years + months.mean(), months.index)
    print(f"{slope:+.1f} {unit} a year; 95 % of such slopes lie between {low:+.1f} and {high:+.1f}.")
    print("That is a trend." if low * high > 0 else "That is no trend: it may as well be none.")
    shown = charts.trend(months, line, unit)
shown

# %% [markdown]
# ## How often limits were passed
# By the rules of the WHO's guidelines of 2021 and of the EU's directive 2024/2881, which is to be met by 2030. A day
# counts where 18 of its hours are there.

# %%
counted = pd.to_datetime(of_parameter["day"])
pd.DataFrame(
    [
        {
            "limit": f"{each.by}, {each.span}: {each.level:g} {unit}",
            "year": year,
            "passed": limits.passed(of_parameter[counted.dt.year == year], each),
            "allowed": each.allowed,
            "days that count": int(of_parameter.loc[counted.dt.year == year, "mean"].notna().sum()),
        }
        for each in limits.of(parameter)
        for year in sorted(counted.dt.year.unique())
    ]
)

# %% [markdown]
# ## How good the forecasts are
# Beside persistence, which says of each hour what was measured 24 hours before.

# %%
outcomes = air.forecasts(project, station, parameter, end, days)
known = outcomes.dropna(subset=["predicted", "observed", "before"])
if known.empty:
    shown = None
    print("No forecast of this station can be compared yet.")
else:
    error, naive = known["predicted"] - known["observed"], known["before"] - known["observed"]
    inside = known["observed"].between(known["low"], known["high"])[known["low"].notna()]
    shown = pd.DataFrame(
        {
            "hours": [len(known), len(known)],
            f"RMSE, {unit}": [error.pow(2).mean() ** 0.5, naive.pow(2).mean() ** 0.5],
            f"bias, {unit}": [error.mean(), naive.mean()],
            "within the band": [f"{inside.mean():.0%}" if len(inside) else "", ""],
        },
        index=["forecast", "persistence"],
    ).round(2)
shown

# %%
charts.forecast(outcomes.tail(14 * 24), unit) if len(outcomes) else None

# %% [markdown]
# ## What is handed over
# A row for each day and parameter, with the limits that it passed: the table `station_days` of the warehouse.

# %%
delivered = by_day.assign(location=station)
air.deliver(delivered, "station_days")
delivered[delivered["parameter"] == parameter].tail(3)
