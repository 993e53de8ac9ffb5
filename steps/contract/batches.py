"""A stream of items in batches that fit into memory."""

import sys
from collections.abc import Callable, Iterable, Iterator


def batches[T](items: Iterable[T], size: Callable[[T], int], most: int, count: int = sys.maxsize) -> Iterator[list[T]]:
    """The items in their order, in lists of at most `count` whose sizes add up to at most `most`; a larger item comes
    alone."""
    batch: list[T] = []
    total = 0
    for item in items:
        own = size(item)
        if batch and (len(batch) == count or total + own > most):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += own
    if batch:
        yield batch
