# SPDX-License-Identifier: BSD-3-Clause
"""The record journal: records of real IEX TOPS traffic from lane to disk and back, one thread each way."""
import shutil

import bench_decode
import harness

CONFIG = """memory: shm
default_frame_lane: 2MiB
feeds:
- name: IEX
  zone: America/New_York
  channels:
  - {group: 224.67.0.199, port: 16642, format: iex}
"""


def run(rig):
    capture = bench_decode.capture(rig, "tops16", "go-iex/TOPS16.pcapng")
    config, journal, out = rig.path("records.yaml"), rig.path("records-in"), rig.path("records-out")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG)
    rig.run(rig.program("vega-capture"), "--config", config, "--region", "bench-records", "--journal", journal, "--pcap", capture)
    runs = []
    for _ in range(3 if rig.quick else 5):
        shutil.rmtree(out, ignore_errors=True)
        runs.append(rig.json(rig.program("bench_record_drain"), journal, out, 20 if rig.quick else 100))
    if any(r["lapped"] for r in runs):
        raise harness.Skip("need a lane that is never lapped, found one")
    return {
        "record_drain_records_per_s": max(r["drain_records_per_s"] for r in runs),
        "record_read_records_per_s": max(r["read_records_per_s"] for r in runs),
        "record_journal_bytes_per_record": runs[0]["bytes_per_record"],
    }
