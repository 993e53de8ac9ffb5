"""What is in the inboxes, for people: what waits, where each file went, and why; and the way out of quarantine."""

import getpass
import os
from collections.abc import Iterable

from pipeline.errors import UserError
from pipeline.projects import PROJECTS
from pipeline.put import table_project
from pipeline.report.words import one_line
from pipeline.running import Laptop
from pipeline.tables import table
from steps.backends import database, ledger, objects
