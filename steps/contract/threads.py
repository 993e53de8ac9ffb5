"""Many small waits at once: the same work on many items, in threads; the first error ends it all."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor


def each[Item, Result](
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with what `work` made of it, in the order of `items`.

    Only a few more items than threads are in progress at a time, so that results do not pile up. An error of `work` is
    raised when its item's turn comes, and nothing more is started.
    """
    under_way: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            under_way.append((item, pool.submit(work, item)))
            if len(under_way) >= 4 * threads:
                first, future = under_way.popleft()
                yield first, future.result()
        while under_way:
            first, future = under_way.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
