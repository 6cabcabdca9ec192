# SPDX-License-Identifier: BSD-3-Clause
"""The state at an instant of a long journal: journals of 10, 40 and 160 million records, that the curve to a billion shows."""
import os
import shutil

import harness

INSTRUMENTS = 10000


def run(rig):
    figures = {}
    if shutil.disk_usage(rig.dir).free < 6 << 30:
        raise harness.Skip(f"need 6 GiB free in {rig.dir}, found less; set VEGA_BENCH_DIR")
    for millions in (2, 8) if rig.quick else (10, 40, 160):
        folder = rig.path(f"state-at-{millions}")
        os.makedirs(folder)
        done = rig.json(rig.program("bench_state_at"), folder, millions * 10**6, INSTRUMENTS)
        shutil.rmtree(folder)
        figures.update({
            f"state_at_{millions}m_bytes": done["bytes"],
            f"state_at_{millions}m_blocks": done["blocks"],
            f"state_at_{millions}m_keyframe_share": done["keyframe_bytes"] / done["bytes"],
            f"state_at_{millions}m_keyframe_bytes_per_instrument": done["keyframe_bytes"] / max(1, done["slices"]) / 256,
            f"state_at_{millions}m_folded_records_p50": done["folded_p50"],
            f"state_at_{millions}m_folded_records_max": done["folded_max"],
            f"state_at_{millions}m_ns_p50": done["state_at_ns_p50"],
            f"state_at_{millions}m_ns_max": done["state_at_ns_max"],
            f"state_at_{millions}m_ns_max_target": "<= 100,000,000",
        })
    return figures
