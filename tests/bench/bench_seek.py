# SPDX-License-Identifier: BSD-3-Clause
"""Seek by time in a large journal: the index is warm, the data is not."""
import os
import shutil
import subprocess

import harness


def run(rig):
    gib = 1 if rig.quick else 10
    if shutil.disk_usage(rig.dir).free < (gib + 2) << 30:
        raise harness.Skip(f"need {gib + 2} GiB free in {rig.dir}, found less; set VEGA_BENCH_DIR")
    folder = rig.path("seek-journal")
    os.makedirs(folder)
    rig.json(rig.program("bench_drain"), folder, gib << 10, 0)
    subprocess.run(["sync"], check=True)
    done = rig.json(rig.program("bench_seek"), folder, 1000)
    shutil.rmtree(folder)
    return {
        "seek_ns_p50": done["seek_ns_p50"],
        "seek_ns_p50_target": "<= 1,000,000",
        "seek_ns_p99": done["seek_ns_p99"],
        "seek_ns_max": done["seek_ns_max"],
        "seek_blocks_read_max": done["seek_blocks_read_max"],
        "seek_blocks_read_max_target": "1",
        "seek_journal_bytes": done["journal_bytes"],
    }
