"""Air quality: any parameter of OpenAQ, 24 hours ahead, per location, from itself, its co-pollutants and the weather.

Units and names are OpenAQ's (https://docs.openaq.org/resources/parameters). Ranges are what regulatory instruments can
report, with room for the small negative values of zero drift. Optical counters of particles read 0 in clean air for
hours; instruments for gases do not.
"""

from pipeline.project import Place, Project, Schedule
from steps.contract.declaration import Expectations, Family, Gate, Learning, Quantity, Range
from steps.contract.notebooks import Delivery, Notebook

SAMPLE = (9000001, 9000002)  # made up for the sample, `quickstart.sample`; no archive knows them

OPENAQ = Project(
    name="openaq",
    title="Air quality 24 hours ahead, from OpenAQ",
    quantities={
        "pm25": Quantity(unit="µg/m³", low=-15, high=2000, also=("pm2.5", "pm2_5"), stuck_hours=24, rests_at_zero=True),
        "pm10": Quantity(unit="µg/m³", low=-15, high=5000, stuck_hours=24, rests_at_zero=True),
        "no2": Quantity(unit="µg/m³", low=-15, high=1000, molar_mass=46.0055, stuck_hours=24),
        "so2": Quantity(unit="µg/m³", low=-15, high=3000, molar_mass=64.064),
        "o3": Quantity(unit="µg/m³", low=-15, high=1200, molar_mass=47.9982),
        "co": Quantity(unit="µg/m³", low=-500, high=60000, molar_mass=28.0101),
        "temperature": Quantity(unit="c", low=-60, high=60),
        "relativehumidity": Quantity(unit="%", low=0, high=100, also=("rh", "relative_humidity")),
        "pressure": Quantity(unit="hpa", low=300, high=1100),
        "wind_speed": Quantity(unit="m/s", low=0, high=75, also=("windspeed",)),
        "wind_direction": Quantity(unit="deg", low=0, high=360, also=("winddirection",)),
    },
    source="https://openaq-data-archive.s3.amazonaws.com",
    locations=SAMPLE,
    window_days=10,
    expectations=Expectations(null_share=0.5, gap_hours=18, age_days=10, refused_share=0.5),
    learning=Learning(
        target="no2",
        horizon_hours=24,
        holdout_share=0.2,
        folds=5,
        trial_rows=60_000,
        features="steps.features.hourly:build",
        lags=(1, 2, 3, 6, 12, 24, 48, 72, 96, 120, 144),
        windows=(6, 24, 168),
        families=(
            Family(
                name="linear",
                model="steps.models.linear:Linear",
                trials=12,
                space={
                    "alpha": Range(low=500.0, high=50_000.0, log=True),
                    "pooling": Range(low=0.1, high=3.0, log=True),
                    "root": Range(low=0.0, high=1.0),
                },
            ),
            Family(
                name="lightgbm",
                model="steps.models.lightgbm:LightGBM",
                trials=8,
                space={
                    "trees": Range(low=60, high=150),
                    "learning_rate": Range(low=0.01, high=0.06, log=True),
                    "leaves": Range(low=4, high=24, log=True),
                    "leaf_rows": Range(low=50, high=600, log=True),
                    "column_share": Range(low=0.3, high=0.8),
                    "l2": Range(low=1.0, high=100.0, log=True),
                },
            ),
        ),
        gate=Gate(),
    ),
    schedule=Schedule(
        daily="0 1 * * *", weekly="30 2 * * 0", timezone="Europe/Vienna", starting_deadline_seconds=6 * 3600
    ),
    notebooks=(
        Notebook(
            name="station",
            title="Air quality at one station",
            path="shipped/station.py",
            over="steps.notebooks.listing:stations",
            each="station",
            delivers=(Delivery(table="station_days", key=("location", "day", "parameter")),),
        ),
    ),
    # The Stephansplatz. A place and no ids: none could be checked against the live API (2026-11-27), whose published
    # examples name no location of Vienna; the API is asked which there are.
    home=Place(name="Vienna", latitude=48.2085, longitude=16.3731, radius=12_000),
)
