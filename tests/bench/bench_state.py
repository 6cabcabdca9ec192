# SPDX-License-Identifier: BSD-3-Clause
"""Order events into books and state table, and readers of the table under full update load."""


def run(rig):
    done = rig.json(rig.program("bench_state"), 2 if rig.quick else 6)
    done["state_order_events_per_s_target"] = ">= 10,000,000"
    done["state_latest_latency_ns_p50_target"] = "<= 200"
    done["state_latest_latency_ns_p99_target"] = "<= 600"
    return done
