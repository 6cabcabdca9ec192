# SPDX-License-Identifier: BSD-3-Clause
"""Decode and publish, one core, from memory: each wire format on a session of its own, or on a real capture.

A row is a name, the format, where its datagrams come from, which figure has a target, and the target. An input is a list of
vega-gen's arguments, or a file of the shared captures.
"""
import os

import harness

MESSAGES = ("messages_per_s", ">= 50,000,000")
BYTES = ("walked_bytes_per_s", ">= 1,000,000,000")
ENTRIES = ("entries_per_s", ">= 25,000,000")
# Levels, orders, trades and statistics in a message of these captures; other formats have one in each.
ENTRIES_OF_MESSAGE = {"mdp3_6": 32596 / 20546, "mdp3_9": 1315 / 194}
SESSION = ["--streams", "1", "--packets", "200000", "--rate", "1000000", "--heartbeat", "0s"]
ROWS = {
    "iex_deep": ("iex", "go-iex/DEEP10.first25000.pcap", MESSAGES),
    "iex_deep_plus": ("iex", ["--feed", "iex", "--segment", "deep-plus", *SESSION], MESSAGES),
    "iex_tops": ("iex", "go-iex/TOPS16.pcapng", MESSAGES),
    "itch": ("itch", ["--feed", "itch", *SESSION], MESSAGES),
    "mdp3_6": ("cme-mdp3", "omi-data-packets-history/Cme.Mdp3.Sbe.v6.1.pcap", ENTRIES),
    "mdp3_9": ("cme-mdp3", "omi-data-packets-history/Cme.Mdp3.Sbe.v9.1.Example.pcap", ENTRIES),
    "mtbt": ("nse-mtbt", ["--feed", "nse-mtbt", *SESSION], MESSAGES),
    "nnf": ("nse-nnf", ["--feed", "nse-nnf", "--packets", "20000", "--heartbeat", "0s"], BYTES),
    "nnf_cm": ("nse-nnf", "nse-synthetic/nse_nnf_cm.pcap", BYTES),
    "nnf_fo": ("nse-nnf", "nse-synthetic/nse_nnf_fo.pcap", BYTES),
}
SHOWN = ("messages_per_s", "messages_per_s_mean", "records_per_s", "packets_per_s")


def shared():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.join(os.environ.get("VEGA_SHARED", os.path.join(root, "..", "shared")), "data")


def capture(rig, name, source):
    if isinstance(source, list):
        path = rig.path(f"{name}.pcap")
        rig.run(rig.program("vega-gen"), *source, "-o", path)
        return path
    path = os.path.join(shared(), source)
    if not os.path.exists(path):
        raise harness.Skip(f"need {source}, found none; set VEGA_SHARED")
    return path


def row(rig, name, wire, source, target):
    try:
        path = capture(rig, name, source)
    except harness.Skip as reason:
        return {f"decode_{name}_left_out": str(reason)}
    done = rig.json(rig.program("bench_decode"), wire, path, 1 if rig.quick else 5)
    done["decode"]["entries_per_s"] = done["decode"]["messages_per_s"] * ENTRIES_OF_MESSAGE.get(name, 1)
    key, reach = target
    figures = {f"decode_{name}_{key}": done["decode"][key], f"decode_{name}_{key}_target": reach}
    figures.update({f"decode_{name}_{key}": done["decode"][key] for key in SHOWN})
    figures[f"feed_{name}_messages_per_s"] = done["feed"]["messages_per_s"]
    figures[f"feed_{name}_packet_ns"] = 1e9 / done["feed"]["packets_per_s"]
    return figures


def run(rig):
    figures = {}
    for name, (wire, source, target) in ROWS.items():
        figures.update(row(rig, name, wire, source, target))
    return figures
