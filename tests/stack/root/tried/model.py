"""Models for the model server: one that adds, and one that cannot be loaded."""

import os
import time
from pathlib import Path
from typing import Any


class Adder:
    """Answers the sum of each row, and tells its version."""

    def load(self) -> None:
        self.version = os.environ["MODEL_VERSION"]

    def predict(self, rows: Any, names: Any = None, meta: Any = None) -> Any:
        return [[float(sum(row))] for row in rows]

    def tags(self) -> dict[str, Any]:
        return {"version": self.version, "store": "AWS_SECRET_ACCESS_KEY" in os.environ, "home": os.environ["HOME"]}


class Broken:
    """Fails as one whose file is not in the store."""

    def load(self) -> None:
        raise RuntimeError("the model is not there")


class Moody:
    """Answers its version as the file MOOD says: at once, after some time, or with an error."""

    def predict(self, rows: Any, names: Any = None, meta: Any = None) -> Any:
        mood = Path(os.environ["MOOD"]).read_text()
        if mood == "broken":
            raise RuntimeError("out of order")
        time.sleep(0.2 if mood == "slow" else 0)
        return [[float(os.environ["MODEL_VERSION"])] for _ in rows]
