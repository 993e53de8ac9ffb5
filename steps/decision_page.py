"""The page of a decision: what was decided in words, the scores it rests on, and the trials. One file, no scripts."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
.words { font-size: 1.15rem; border-left: .3rem solid; padding-left: .8rem }
.words.promoted { border-color: #2e7d32 } .words.kept { border-color: #b26a00 }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; white-space: nowrap; padding: .25rem .6rem; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left }
caption { text-align: left; font-weight: 600; padding: 1.2rem 0 .3rem }
small { opacity: .75 }
"""


_METRICS = {"rmse": "RMSE", "mae": "MAE", "accuracy": "accuracy", "macro_f1": "macro F1"}
_DIGITS = {"accuracy": 3, "macro_f1": 3}


def page(project: str, summary: Mapping[str, Any]) -> str:
    """The page, as HTML, of a decision's summary."""
    title = f"{project}: decision {summary['decision']}"
    kind = "promoted" if summary["promoted"] else "kept"
    version = f"Version {summary['version']}" if summary["version"] else "No new version"
    unit = summary["unit"]
    metrics = [name for name in _METRICS if name in summary["scores"][0]]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="words {kind}">{escape(summary["words"])}</p>',
        f"<p>{version} · {escape(summary['parameter'])}{escape(f' in {unit}' if unit else '')} · "
        f"made {escape(summary['made_at'])}{_looked(summary)}</p>",
        _table(
            "On the holdout",
            ["", *(_METRICS[name] for name in metrics), "rows"],
            [
                [one["name"], *(f"{one[name]:.{_DIGITS.get(name, 2)}f}" for name in metrics), str(one["rows"])]
                for one in summary["scores"]
            ],
        ),
        _bootstrap(summary),
        _table(
            f"Trials, by their mean {_METRICS[summary['metric']]} over the folds",
            ["family", "trial", "mean", "folds", "parameters", "seconds"],
            [
                _trial(one)
                for one in sorted(
                    summary["trials"], key=lambda one: one["mean"], reverse=summary["metric"] == "accuracy"
                )
            ],
        ),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html lang="en">\n{head}\n<style>{_STYLE}</style>\n{body}\n</html>\n'


def _looked(summary: Mapping[str, Any]) -> str:
    """A table's holdout stays while data come, so it is said how often it has been looked at."""
    count = summary.get("looked")
    return f" · the holdout has been looked at {count} times" if count and count > 1 and summary["answers"] else ""


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    caption = f"<caption>{escape(caption)}</caption>"
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _bootstrap(summary: Mapping[str, Any]) -> str:
    found = summary["bootstrap"]
    if not found:
        return ""
    told = ", ".join(f"{name} {_number(value)}" for name, value in found.items())
    return f"<p><small>Against the champion, by block bootstrap: {escape(told)}.</small></p>"


def _trial(one: Mapping[str, Any]) -> list[str]:
    parameters = ", ".join(f"{name} {_number(value)}" for name, value in one["parameters"].items())
    folds = " ".join(f"{value:.2f}" for value in one["folds"])
    return [one["family"], str(one["number"]), f"{one['mean']:.2f}", folds, parameters, f"{one['seconds']:.1f}"]


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
