"""A long sequence in batches that fit into memory."""

from collections.abc import Callable, Iterable, Iterator


def batches[Item](
    items: Iterable[Item], size: Callable[[Item], int], *, largest: int, most: int | None = None
) -> Iterator[list[Item]]:
    """The items in their order, in lists of together at most `largest` by their size and at most `most` items. An item
    that is larger is alone."""
    batch: list[Item] = []
    total = 0
    for item in items:
        own = size(item)
        if batch and (total + own > largest or len(batch) == most):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += own
    if batch:
        yield batch
