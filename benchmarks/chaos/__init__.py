"""Fault campaign: fifty people, three vendors that fail, a process that dies, and an oracle.

`python -m benchmarks.chaos --seed N --minutes M`, or `make chaos`.
"""
