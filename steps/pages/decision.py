"""Decision: its sections, in the order in which a reader wants them."""

from collections.abc import Callable
from typing import Final

from steps.pages.answers import answers
from steps.pages.bands import bands
from steps.pages.comparison import comparison
from steps.pages.fields import Fields
from steps.pages.folds import folds
from steps.pages.forecast import forecast
from steps.pages.importance import importance
from steps.pages.markup import Markup
from steps.pages.residuals import residuals
from steps.pages.scores import scores
from steps.pages.trials import trials

# A section's place and name, and what draws it from a decision's summary; None: the summary has nothing of the kind.
Section = tuple[str, str, Callable[[Fields], Markup | None]]

OUTCOME: Final[tuple[Section, ...]] = (
    ("scores", "Scores", scores),
    ("comparison", "Champion", comparison),
    ("folds", "Folds", folds),
)
ANSWERS: Final[tuple[Section, ...]] = (
    ("forecast", "Forecast", forecast),
    ("bands", "Bands", bands),
    ("answers", "Answers", answers),
    ("residuals", "Residuals", residuals),
)
MODEL: Final[tuple[Section, ...]] = (
    ("importance", "Features", importance),
    ("trials", "Trials", trials),
)
