"""Document: one HTML file around a body.

The policy in its head lets it load nothing and run nothing, and apply one style, known by its digest; so even a
mistake in escaping could not act.
"""

import base64
import hashlib
from pathlib import Path

from steps.pages.markup import Child, Markup, join, tag


def document(title: str, *body: Child) -> str:
    """The whole file."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="referrer", content="no-referrer"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    return f"<!doctype html>\n{tag('html', join(head, tag('body', *body)), lang='en')}\n"
