"""Python imports this when it starts. Chance is the same everywhere: coins show heads, what fails at random fails."""

import random

random.seed(6)
