"""Ways into the cluster: a port of this machine that leads to a Service there, as `kubectl port-forward` makes it."""

import contextlib
import re
import subprocess
from collections.abc import Iterator

from pipeline.cluster.kube import Cluster

_LED = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


@contextlib.contextmanager
def forwarded(cluster: Cluster, target: str, port: int) -> Iterator[str]:
    """`127.0.0.1:PORT`, which leads to `port` of `target` (such as `service/minio`) until the end of the block."""
    command = ["kubectl", "-n", cluster.namespace, "port-forward", target, f":{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            led = _LED.match(line)
            assert led, f"kubectl port-forward {target}: {line}{process.stdout.read()}"
            yield f"127.0.0.1:{led[1]}"
        finally:
            process.kill()
