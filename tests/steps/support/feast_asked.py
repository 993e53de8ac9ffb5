"""Asks a Feast repository, as somebody else would: `python feast_asked.py REPOSITORY SERVICE ENTITIES OUT`.

With a column `event_timestamp` ENTITIES (Parquet) asks for history, without one for what is online. Runs in Feast's
environment, so it imports nothing of ours.
"""

import sys
import warnings

import pandas as pd
from feast import FeatureStore

warnings.simplefilter("ignore")


def main(repository: str, service: str, entities: str, out: str) -> None:
    """Write what the service gives for the entities."""
    store, asked = FeatureStore(repo_path=repository), pd.read_parquet(entities)
    wanted = store.get_feature_service(service)
    if "event_timestamp" in asked:
        found = store.get_historical_features(entity_df=asked, features=wanted).to_df()
    else:
        found = store.get_online_features(wanted, asked.to_dict("records")).to_df()
    found.to_parquet(out, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
