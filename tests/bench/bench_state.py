# SPDX-License-Identifier: BSD-3-Clause
"""Order events into books and state table, and readers of the table under full update load."""

# Instruments and live orders of all of them.
MARKETS = {"10k": (10000, 400000), "5k": (5000, 1000000), "500": (500, 1000000)}


def run(rig):
    done = {}
    seconds = 1 if rig.quick else 4
    for name, (instruments, orders) in MARKETS.items():
        figures = rig.json(rig.program("bench_state"), "orders", seconds, instruments, orders)
        for key, value in figures.items():
            done[f"state_order_{name}_{key}"] = value
        done[f"state_order_{name}_events_per_s_target"] = ">= 10,000,000"
    figures = rig.json(rig.program("bench_state"), "latest", 100000)
    done.update((f"state_latest_{key}", value) for key, value in figures.items())
    done["state_latest_latency_ns_p50_target"] = "<= 200"
    done["state_latest_latency_ns_p99_target"] = "<= 600"
    return done
