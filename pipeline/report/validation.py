"""Validation: what the data had to pass, and which days of which location did not."""

from pipeline.report.story import Story
from steps.pages.markup import Markup
from steps.pages.parts import section
from steps.pages.validation import checks
from steps.summaries.validation import Validation


def validation(story: Story) -> Markup:
    """One block for each run that checked data."""
    return section(
        "validation",
        "Checks of the data",
        "A location's day is accepted or refused as a whole. What is refused is kept aside with its reason, and the "
        "rest goes on.",
        *(checks(found.run.workflow, found.summary) for found in story.all(Validation)),
    )
