# SPDX-License-Identifier: BSD-3-Clause
"""The record lane, the state table and their readers: latency, rates, and what readers do to a paced writer (nothing)."""
import os

import bench_state
import harness

TARGETS = {
    "latency_ns_p50": "<= 200",
    "latency_ns_p99": "<= 500",
    "write_records_per_s": ">= 300,000,000",
    "tail_records_per_s": ">= 100,000,000",
    "paced_1_reader_late_cnt": "as with 0 readers",
    "paced_8_readers_late_cnt": "as with 0 readers",
    "paced_8_readers_1_stopped_late_cnt": "as with 0 readers",
}


def run(rig):
    if len(os.sched_getaffinity(0)) < 2:
        raise harness.Skip("need two processors, one for the writer and one for readers, found one")
    figures = {}
    for key, value in rig.json(rig.program("bench_bus"), "0.1" if rig.quick else "0.5").items():
        figures[key] = value
        if key in TARGETS:
            figures[key + "_target"] = TARGETS[key]
    figures.update(bench_state.run(rig))
    return figures
