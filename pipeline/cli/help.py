"""What the help of every command ends with."""

from typing import Any


def example(text: str) -> dict[str, Any]:
    """The settings of a command whose help shows this example."""
    return {"epilog": f"\b\nExample:\n  {text}", "context_settings": {"help_option_names": ["-h", "--help"]}}
