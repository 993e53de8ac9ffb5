"""Tell Prometheus how the product is: `python -m steps.metrics --port 9100`, then `/metrics`.

It runs until it is ended, reads the database alone, and changes nothing in it. What is told: `steps.backends.gauges`.
"""
