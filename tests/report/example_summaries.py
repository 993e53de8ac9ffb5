"""Example summaries: what the steps leave for the report, in the form that they write it, drawn from a seed."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

AS_OF = datetime(2003, 6, 23, tzinfo=UTC)
LOCATIONS = ("9000001", "9000002")
UNIT = "µg/m³"
FEATURES = (
    *("lag_0", "mean_24", "cal_day_sin_1", "mean_same_hour", "wx_wind_east", "others_now", "lag_24", "cal_weekend"),
    *("wx_temperature_mean_24", "lag_144", "std_24", "cal_year_cos", "change_3", "max_24", "co_pm10", "lag_1", "lag_2"),
)


def series(hours: int, end: datetime, seed: int, level: float) -> tuple[list[str], list[float | None], list[float]]:
    """Times, what came true (with gaps), and what was forecast."""
    drawn = random.Random(seed)
    drift, times, truth, forecast = 0.0, [], [], []
    for index in range(hours):
        time = end - timedelta(hours=hours - index)
        rush = math.exp(-(((time.hour - 8) / 2.2) ** 2)) + 1.15 * math.exp(-(((time.hour - 18) / 2.8) ** 2))
        week = 0.62 if time.weekday() >= 5 else 1.0
        drift = 0.94 * drift + drawn.gauss(0, 4.2)
        value = level * (0.45 + rush * week) + drift + drawn.gauss(0, 2.4)
        gap = seed % 2 == 0 and 130 < index < 149
        times.append(time.strftime("%Y-%m-%dT%H:%M:%SZ"))
        truth.append(None if gap or drawn.random() < 0.004 else round(max(value, 0.4), 2))
        forecast.append(round(level * (0.48 + rush * week * 0.9) + 0.35 * drift + drawn.gauss(0, 1.1), 2))
    return times, truth, forecast


def validation(location_days: int, refused: int) -> dict[str, Any]:
    reasons = (
        ["no2: 15 of 24 hours missing, at most 12 may be"],
        ["no2: 41.2 for 26 hours in a row; the sensor is stuck"],
        ["wind_speed: 812.0 m/s is above 75", "unit of no2: got index, wanted µg/m³"],
    )
    rows = location_days * 96
    return {
        "kind": "validation",
        "location_days": location_days,
        "accepted": location_days - refused,
        "rows": rows,
        "refused": [
            {
                "location": LOCATIONS[index % 2],
                "day": f"2003-0{index + 2}-1{index}",
                "reasons": list(reasons[index % 3]),
            }
            for index in range(refused)
        ],
        "left_out": {"above_range": 7, "not_a_number": 2} if refused else {},
        "stale": [{"location": 9000002, "newest": None}] if refused else [],
        "expectations": [
            {"name": name, "column": column, "checked": checked, "failed": failed if refused else 0}
            for name, column, checked, failed in (
                ("columns are the archive's", "", location_days, 0),
                ("value is a number", "value", rows, 0),
                ("time is on the hour, and unique", "datetime", rows, 0),
                ("unit is the declared one", "units", rows, 24),
                ("between -15 and 1000", "no2", rows // 4, 0),
                ("between 0 and 75", "wind_speed", rows // 4, 1),
                ("between 0 and 360", "wind_direction", rows // 4, 0),
                ("between -60 and 60", "temperature", rows // 4, 0),
                ("at most 50 % missing", "no2", location_days, 1),
                ("no more than 24 equal hours", "no2", location_days, 1),
                ("newest day at most 10 days old", "day", 2, 0),
            )
        ],
        "features": {
            "months": max(location_days // 30, 2),
            "computed": max(location_days // 30, 2),
            "rows": location_days * 24,
            "columns": 78,
        },
    }


def dataset() -> dict[str, Any]:
    return {
        "kind": "dataset",
        "fingerprint": "9b1f4c07a7d3e8526c1d90be4477a1f2c5d08e6b3a9f7712de45c06b8a1390ef",
        "rows": 25_316,
        "features": 78,
        "from": "2001-12-30T00:00:00Z",
        "to": "2003-06-22T23:00:00Z",
        "locations": list(LOCATIONS),
        "parameter": "no2",
        "holdout_from": "2003-03-06T12:00:00Z",
        "embargo_hours": 24,
        "trials": {"linear": 12, "lightgbm": 8},
    }


def fold_scores() -> list[dict[str, Any]]:
    return [
        {
            "from": f"2002-{3 + 2 * index:02d}-01T00:00:00Z",
            "to": f"2002-{4 + 2 * index:02d}-28T23:00:00Z",
            "rows": 2800 + index,
            "score": score,
            "naive": {"persistence": score + 5.5, "training mean": score + 3 - 2 * (index == 3)},
        }
        for index, score in enumerate((19.3, 15.7, 18.2, 20.5, 15.2))
    ]


def bands() -> dict[str, Any]:
    months = (("2003-03", 0.81, 1240), ("2003-04", 0.84, 1438), ("2003-05", 0.76, 1486), ("2003-06", 0.78, 707))
    return {
        "nominal": 0.8,
        "coverage": 0.792,
        "rows": 4871,
        "width": 41.3,
        "method": "conformal, by location, following each day's misses",
        "by_month": [{"month": month, "coverage": share, "rows": rows} for month, share, rows in months],
    }


def residual_groups() -> dict[str, list[dict[str, Any]]]:
    means = {
        "hour": {str(hour): 2.1 * math.cos((hour - 8) / 24 * math.tau) for hour in range(24)},
        "season": {"Mar–May": 0.9, "Jun–Aug": -1.4},
        "location": {"9000001": 0.7, "9000002": -0.1},
    }
    return {
        name: [
            {"group": group, "mean": round(mean, 3), "sd": round(12 + 2 * mean, 3), "rows": 4871 // len(own)}
            for group, mean in own.items()
        ]
        for name, own in means.items()
    }


def decision(*, promoted: bool = True) -> dict[str, Any]:
    drawn = random.Random(5)
    hard = (1.7, -1.9, 0.6, 2.9, -2.4)
    trials = []
    for family, number, base in (("linear", 12, 17.6), ("lightgbm", 8, 17.9)):
        for index in range(number):
            folds = [round(base + drawn.random() * 1.3 + easy + drawn.gauss(0, 0.25), 4) for easy in hard]
            parameters: dict[str, Any] = {
                "alpha": round(10 ** drawn.uniform(-1, 3.4), 3),
                "interactions": index % 2 == 0,
            }
            if family == "lightgbm":
                parameters = {
                    "trees": drawn.randint(60, 200),
                    "learning_rate": round(drawn.uniform(0.02, 0.12), 4),
                    "leaves": drawn.randint(7, 48),
                    "leaf_rows": drawn.randint(20, 300),
                    "column_share": round(drawn.uniform(0.3, 0.9), 3),
                    "l2": round(10 ** drawn.uniform(-1, 1.4), 3),
                }
            mean = round(sum(folds) / len(folds), 4)
            seconds = round(drawn.uniform(0.3, 0.9) if family == "linear" else drawn.uniform(3, 9), 2)
            trials.append(
                {
                    "family": family,
                    "number": index,
                    "parameters": parameters,
                    "mean": mean,
                    "folds": folds,
                    "seconds": seconds,
                }
            )
    forecast = {}
    for index, location in enumerate(LOCATIONS):
        times, truth, predicted = series(336, AS_OF, index + 1, 44 - 20 * index)
        low, high = ([round(share * value, 2) for value in predicted] for share in (0.7, 1.4))
        forecast[location] = {"time": times, "truth": truth, "forecast": predicted, "low": low, "high": high}
    return {
        "kind": "decision",
        "decision": 1 if promoted else 2,
        "promoted": promoted,
        "words": (
            "Promoted: the linear model's error of 18.63 µg/m³ is 22.3 % below persistence and 14.7 % below the "
            "training mean on 4,871 held-out hours. There was no champion to beat."
            if promoted
            else "Not promoted: the challenger is not distinguishable from the champion (lower bound of the gain "
            "−0.11 µg/m³); the champion stays."
        ),
        "metric": "rmse",
        "unit": UNIT,
        "parameter": "no2",
        "version": 1 if promoted else None,
        "alias": "champion" if promoted else None,
        "scores": [
            {"name": "persistence", "rmse": 23.98, "mae": 17.02, "rows": 4871},
            {"name": "training mean", "rmse": 21.84, "mae": 17.31, "rows": 4871},
            *([] if promoted else [{"name": "champion", "rmse": 18.71, "mae": 14.2, "rows": 4871}]),
            {"name": "challenger (linear)", "rmse": 18.63, "mae": 14.11, "rows": 4871},
        ],
        "bootstrap": None
        if promoted
        else {"difference": 0.08, "bound": -0.11, "confidence": 0.9, "blocks": 108, "draws": 2000},
        "span": "108 days",
        "trials": trials,
        "folds": fold_scores(),
        "bands": bands(),
        "residuals": {"mean": 0.31, "sd": 18.6, "rows": 4871},
        "residual_groups": residual_groups(),
        "hour_zone": "local",
        "forecast": forecast,
        "importance": [
            {"feature": name, "share": round(0.142 * 0.88**index, 4)} for index, name in enumerate(FEATURES)
        ],
    }


def predictions() -> dict[str, Any]:
    rows, recent = [], []
    for index, location in enumerate(LOCATIONS):
        times, _, values = series(24, AS_OF + timedelta(hours=24), index + 11, 40 - 18 * index)
        rows += [
            {"location": int(location), "target_at": time, "value": value}
            for time, value in zip(times, values, strict=True)
        ]
        times, truth, values = series(48, AS_OF, index + 21, 40 - 18 * index)
        recent += [
            {"location": int(location), "target_at": time, "predicted": value, "observed": seen}
            for time, seen, value in zip(times, truth, values, strict=True)
        ]
    return {
        "kind": "predictions",
        "as_of": "2003-06-23T00:00:00Z",
        "parameter": "no2",
        "unit": UNIT,
        "version": 1,
        "rows": rows,
        "recent": recent,
        "live_rmse": 12.43,
    }
