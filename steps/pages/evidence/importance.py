"""Importance: what the new model looks at, as shares of the total."""

import re
from functools import partial

from steps.pages.markup import Child, Markup, join, tag
from steps.pages.parts import note, section, table
from steps.pages.plot import at
from steps.pages.words import count, parameter_name, percent
from steps.summaries.decision import Decision
from steps.summaries.intervals import Frequency

_SHOWN = 12
# The families of feature names, and what they mean to a reader; `{}` is the target.
_OF_DAYS = (
    (r"lag_0", "{} on the last day"),
    (r"lag_(\d+)", "{} \\1 days before that"),
    (r"(mean|std|min|max)_(\d+)", "\\1 of {} over the last \\2 days"),
    (r"change_(\d+)", "change of {} within \\1 days"),
    (r"cal_.*", "calendar of the day that is predicted"),
    (r"co_.*", "another quantity"),
)
_MEANINGS = (
    (r"location", "which station it is"),
    (r"lag_0", "{} now"),
    (r"lag_(\d+)", "{} \\1 h before"),
    (r"mean_same_hour", "mean of {} at this hour, last 7 days"),
    (r"std_same_hour", "spread of {} at this hour, last 7 days"),
    (r"mean_same_weekday", "mean of {} on this weekday, last 4 weeks"),
    (r"std_same_weekday", "spread of {} on this weekday, last 4 weeks"),
    (r"(mean|std|min|max)_(\d+)", "\\1 of {} over the last \\2 h"),
    (r"change_(\d+)", "change of {} within \\1 h"),
    (r"cal_.*", "calendar of the target hour"),
    (r"wx_.*", "weather"),
    (r"co_.*", "another pollutant"),
    (r"others_.*", "{} at the other stations"),
)


def importance(decision: Decision) -> Markup:
    """The features with the largest shares; the others summed up."""
    subject = parameter_name(decision.parameter)
    said = partial(meaning, subject=subject, frequency=decision.frequency)
    ranked = sorted(decision.importance, key=lambda one: -one.share)
    shown, rest = ranked[:_SHOWN], ranked[_SHOWN:]
    longest = max((one.share for one in shown), default=1.0) or 1.0
    rows: list[list[Child]] = [
        [
            join(tag("code", one.feature), tag("small", said(one.feature), class_="soft under")),
            _bar(one.share / longest),
            percent(one.share, 1),
        ]
        for one in shown
    ]
    if rest:
        share = sum(one.share for one in rest)
        rows.append([tag("span", f"{count(len(rest), 'other')}", class_="soft"), None, percent(share, 1)])
    return section(
        "importance",
        "What the model looks at",
        "Each feature's share of the whole influence. Correlated features divide a share among them.",
        table(["Feature", "", "#Share"], rows, "Feature importance", "importance") if rows else note("Not kept."),
    )


def meaning(feature: str, subject: str, frequency: Frequency = "hourly") -> str | None:
    """What a feature is, for a reader who has not seen the code; None if the name is of no known family."""
    for pattern, words in (*_OF_DAYS, *_MEANINGS) if frequency == "daily" else _MEANINGS:
        if found := re.fullmatch(pattern, feature):
            return found.expand(words).replace("{}", subject)
    return None


def _bar(share: float) -> Markup:
    return tag(
        "svg",
        tag("rect", width=at(max(share, 0.0)), height=10, y=4, class_="share"),
        class_="bars thin",
        height=18,
        aria_hidden="true",
    )
