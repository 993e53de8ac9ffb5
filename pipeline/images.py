"""Our images by name. Their tag is the version of the code that they are built from."""

from pipeline import __version__

STEPS = f"pipeline-steps:{__version__}"
PAGE = f"pipeline-page:{__version__}"
FEATURES = f"pipeline-features:{__version__}"
NOTEBOOKS = f"pipeline-notebooks:{__version__}"
SERVING = f"pipeline-serve:{__version__}"
TRACKING = f"pipeline-mlflow:{__version__}"
ALL = (STEPS, PAGE, NOTEBOOKS, FEATURES, SERVING, TRACKING)
