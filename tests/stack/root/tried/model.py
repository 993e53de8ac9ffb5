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


class Slow(Adder):
    """Says by the file ASKED that it was asked, and takes a while to answer."""

    def predict(self, rows: Any, names: Any = None, meta: Any = None) -> Any:
        Path(os.environ["ASKED"]).touch()
        time.sleep(0.5)
        return super().predict(rows)


class Broken:
    """Fails as one whose file is not in the store."""

    def load(self) -> None:
        raise RuntimeError("the model is not there")


class Moody:
    """Answers its version, or, where the file MOOD says broken, with an error."""

    def predict(self, rows: Any, names: Any = None, meta: Any = None) -> Any:
        if Path(os.environ["MOOD"]).read_text() == "broken":
            raise RuntimeError("out of order")
        return [[float(os.environ["MODEL_VERSION"])] for _ in rows]
