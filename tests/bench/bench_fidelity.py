# SPDX-License-Identifier: BSD-3-Clause
"""How true a replay is, over a veth pair, with tcpdump's nanosecond times as the judge and vega-compare as the measure.

Real and generated captures, vega-replay, tcpreplay and tracereplay in turns. Of vega-replay's outputs and of tcpreplay's timers the
best of a short trial is taken. The floor is what the judge makes of two packets handed over together, after pauses as the scene has
them. Clean windows are tenths of a second in which the hypervisor stole no time; the errors are told over them, beside those of the
whole run. A gap's error forgets what came before, the error of a packet's time does not: a sender that makes up for nothing has
small errors of gaps, and drifts. Of vega-replay they are also told without the packets that were due while its processor was away,
which its report names: what is left is its own, and the receiver's.
"""
import bisect
import collections
import json
import os
import struct
import subprocess
import sys
import threading
import time

import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.path.join(os.environ.get("VEGA_SHARED", os.path.join(ROOT, "..", "shared")), "data")
CME = os.path.join(SHARED, "omi-data-packets-history", "Cme.Mdp3.Sbe.v6.1.pcap")
TOPS = os.path.join(SHARED, "go-iex", "TOPS16.pcapng")
MIAX = os.path.join(SHARED, "omi-data-packets-history", "Miax.Tom.Mach.v1.9.Example.pcap")
BURSTS = "generated"
WINDOW_S = 0.1
IDLE_NS = 200_000
TIMERS = ("nano", "gtod", "select", "ioport")

# Seconds of the replay, not of the recording; None: all of it.
Scene = collections.namedtuple("Scene", "name source speed quick_s whole_s")
SCENES = (Scene("cme", CME, 1, 20, None), Scene("cme", CME, 10, 10, None), Scene("cme", CME, 100, 3, None),
          Scene("tops", TOPS, 1, 15, 60), Scene("miax", MIAX, 1, 10, None), Scene("bursts", BURSTS, 1, 5, 20))


class Steal(threading.Thread):
    """Looks ten times a second how much time was stolen, of both processors together."""

    def __init__(self):
        super().__init__(daemon=True)
        self.samples = []
        self.done = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()

    def run(self):
        while True:
            self.samples.append((time.time_ns(), harness.steal_seconds()))
            if self.done.wait(WINDOW_S):
                break
        self.samples.append((time.time_ns(), harness.steal_seconds()))

    def stolen_s(self):
        return self.samples[-1][1] - self.samples[0][1]

    def windows(self):
        """(from ns, to ns, is clean); a steal may be told a window late, so the one before it is not clean either."""
        dirty = [b[1] != a[1] for a, b in zip(self.samples, self.samples[1:])]
        return [(a[0], b[0], not any(dirty[i:i + 2])) for i, (a, b) in enumerate(zip(self.samples, self.samples[1:]))]


def write_packets(path, packets):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for ns, frame in packets:
            out.write(struct.pack("<IIII", ns // 10**9, ns % 10**9, len(frame), len(frame)) + frame)


class Judge:
    """tcpdump at the far end: nanosecond times of the host, the only ones a veth has."""

    def __init__(self, rig, veth):
        self.rig, self.veth = rig, veth
        self.out = rig.path("fidelity.pcap")

    def __enter__(self):
        self.proc = self.veth.start("taskset", "-c", "1", harness.tool("tcpdump"), "-i", "rx0", "--time-stamp-precision=nano", "-j", "host",
                                    "-B", "65536", "-w", self.out, stderr=subprocess.PIPE)
        while b"listening" not in self.proc.stderr.readline():
            if self.proc.poll() is not None:
                raise RuntimeError("tcpdump ended before it listened")
        return self

    def __exit__(self, *_):
        time.sleep(1.2)  # the kernel hands its buffer over once a second
        self.rig.stop(self.proc)


def compare(rig, original, captured, speed):
    return rig.json(rig.program("vega-compare"), original, captured, "--speed", speed, "--json")


def clean_capture(rig, captured, steal):
    """The packets of clean windows; the error of a gap over a cut is the difference of two clean times."""
    windows = steal.windows()
    begins = [begin for begin, _, _ in windows]

    def is_clean(ns):
        at = bisect.bisect_right(begins, ns) - 1
        return at >= 0 and windows[at][2]
    packets = list(harness.read_pcap(captured))
    seen = [w for w in windows if packets and w[1] > packets[0][0] and w[0] < packets[-1][0]]
    path = rig.path("fidelity-clean.pcap")
    kept = [p for p in packets if is_clean(p[0])]
    write_packets(path, kept)
    return path if len(kept) > 1 else None, len(seen), sum(w[2] for w in seen)


def undisturbed_capture(rig, captured, report):
    """The packets that the sender's report does not name as disturbed; they were captured in the order of departure."""
    packets = list(harness.read_pcap(captured))
    named = {i for first, count in report["disturbed_packets"] for i in range(first, first + count)}
    if len(packets) != report["packets_read"] or len(named) != report["disturbed_count"]:
        return None
    path = rig.path("fidelity-undisturbed.pcap")
    write_packets(path, [p for i, p in enumerate(packets) if i not in named])
    return path


def own_figures(rig, original, captured, report, speed):
    """What vega-replay's report adds: how often it lost its processor, and the errors without the packets that this struck."""
    path = undisturbed_capture(rig, captured, report)
    own = compare(rig, original, path, speed) if path else collections.defaultdict(lambda: None)
    return {"away_share": report["away_ns"] / max(1, report["spun_ns"]), "disturbed": report["disturbed_count"],
            **{f"undisturbed_gap_error_ns_{q}": own[f"gap_error_ns_{q}"] for q in ("p50", "p99", "max")}}


def measure(rig, veth, command, original, speed):
    """One run of one sender: what vega-compare says of it, and the steal time."""
    judge = Judge(rig, veth)
    report = rig.path("fidelity-report.json")
    if os.path.exists(report):
        os.unlink(report)
    with judge, Steal() as steal:
        veth.exec_run(*command)
    whole = compare(rig, original, judge.out, speed)
    path, window_cnt, clean_cnt = clean_capture(rig, judge.out, steal)
    clean = compare(rig, original, path, speed) if path else collections.defaultdict(lambda: None)
    own = {}
    if os.path.exists(report):
        with open(report, encoding="utf-8") as file:
            own = own_figures(rig, original, judge.out, json.load(file), speed)
    os.unlink(judge.out)
    return {"packets": whole["packets_original"], "missing": whole["packets_missing"], "reordered": whole["packets_reordered"],
            **{f"gap_error_ns_{q}": whole[f"gap_error_ns_{q}"] for q in ("p50", "p99", "max")},
            **{f"time_error_ns_{q}": whole[f"time_error_ns_{q}"] for q in ("p50", "p99", "max")},
            **{f"clean_gap_error_ns_{q}": clean[f"gap_error_ns_{q}"] for q in ("p50", "p99", "max")},
            "drift_ns": whole["drift_ns"], "steal_s": round(steal.stolen_s(), 2), "windows": window_cnt, "clean_windows": clean_cnt, **own}


def rhythm(original, speed, count):
    """The scene's pauses before a packet that found the receiver idle: after a long one it is slower to take the next two."""
    times = [ns // speed for ns, _ in harness.read_pcap(original)]
    idle = [ns for before, ns in zip(times, times[1:]) if ns - before >= IDLE_NS][:count + 1]
    return [b - a for a, b in zip(idle, idle[1:])]


def floor(rig, veth, command, pauses):
    """Gaps of pairs handed over together, in the scene's rhythm, as the judge sees them."""
    source, count = rig.path("fidelity-pairs.pcap"), len(pauses)
    harness.write_pcap(source, 2 * count, lambda i: pauses[i // 2] if i % 2 else 0)
    judge = Judge(rig, veth)
    with judge:
        veth.exec_run(*[source if c == "SOURCE" else c for c in command])
    times = {int.from_bytes(frame[42:50], "big"): ns for ns, frame in harness.read_pcap(judge.out)}
    os.unlink(judge.out)
    gaps = [times[i + 1] - times[i] for i in range(0, 2 * count, 2) if i in times and i + 1 in times]
    return {f"floor_ns_{name}": harness.quantile(gaps, q) for name, q in (("p50", 0.5), ("p99", 0.99))}


def vega(rig, output):
    return lambda path, speed: [rig.program("vega-replay"), path, "--out", output, "--cpu", "0", "--speed", speed,
                                "--report", rig.path("fidelity-report.json")]


def tcpreplay(timer):
    return lambda path, speed: ["taskset", "-c", "0", harness.tool("tcpreplay"), "-q", "-i", "tx0", "-T", timer, "--preload-pcap",
                                "-x", speed, path]


def scaled(rig, path, speed):
    """tracereplay knows no speed: it gets the times it is to keep."""
    packets = list(harness.read_pcap(path))
    first = packets[0][0]
    out = rig.path("fidelity-scaled.pcap")
    write_packets(out, [(first + (ns - first) // speed, frame) for ns, frame in packets])
    return out


def tracereplay(rig):
    return lambda path, speed: ["taskset", "-c", "0", harness.tool("tracereplay"), f"pcapfile:{scaled(rig, path, speed)}", "int:tx0"]


def best(rig, veth, candidates, source):
    """The candidate with the smallest p99 of a short trial, and the trial."""
    trial = {}
    for name, command in candidates.items():
        try:
            trial[name] = min(measure(rig, veth, command(source, 1), source, 1)["gap_error_ns_p99"] for _ in range(2))
        except (RuntimeError, harness.Skip):
            trial[name] = None  # this build of it has no such timer
    known = {name: value for name, value in trial.items() if value is not None}
    if not known:
        raise harness.Skip(f"need one of {', '.join(candidates)}, found none that runs")
    return min(known, key=known.get), trial


def densest(times, span_ns):
    """Where the window of that span begins that has the most packets."""
    times = sorted(times)
    ends = (bisect.bisect_left(times, ns + span_ns) for ns in times)
    return times[max(enumerate(ends), key=lambda e: e[1] - e[0])[0]]


def cut(rig, scene, seconds):
    """The scene's packets as one nanosecond pcap, with the times as recorded."""
    path = rig.path(f"fidelity-{scene.name}-{scene.speed}.pcap")
    if scene.source == BURSTS:
        rig.run(rig.program("vega-gen"), "--feed", "itch", "--seed", 5, "--ab", "--burst", 16, "--rate", 4000,
                "--packets", 4000 * seconds, "-o", path)
        return path
    if not os.path.exists(scene.source):
        raise harness.Skip(f"need {scene.source}, found none")
    command = [rig.program("vega-replay"), scene.source, "--out", f"pcap:{path}", "--json"]
    rig.json(*command)
    if seconds is not None:
        begin = densest([ns for ns, _ in harness.read_pcap(path)], seconds * scene.speed * 10**9)
        rig.json(*command, "--from", begin, "--to", begin + seconds * scene.speed * 10**9)
    return path


def play(rig, veth, scene, senders, turn, pairs):
    """A row for each sender; another one is the first each time."""
    try:
        original = cut(rig, scene, scene.quick_s if rig.quick else scene.whole_s)
    except harness.Skip as reason:
        yield {"scene": scene.name, "speed": scene.speed, "left_out": str(reason)}
        return
    floors = floor(rig, veth, pairs, rhythm(original, scene.speed, 500 if rig.quick else 2000) or [10**6] * 500)
    shift = turn % len(senders)
    for name, command in senders[shift:] + senders[:shift]:
        row = {"scene": scene.name, "speed": scene.speed, "sender": name}
        try:
            yield row | measure(rig, veth, command(original, scene.speed), original, scene.speed) | floors
        except harness.Skip as reason:
            yield row | {"left_out": str(reason)}


def judge(rows):
    """What is to be reached: vega-replay above the floor, and the best of tcpreplay against it, over clean windows."""
    figures = {}
    for scene in dict.fromkeys((row["scene"], row["speed"]) for row in rows):
        ours, theirs = ([row for row in rows if (row["scene"], row["speed"]) == scene and row.get("sender", "").startswith(name)
                         and row.get("clean_gap_error_ns_p99") is not None] for name in ("vega-replay", "tcpreplay"))
        key = f"fidelity_{scene[0]}_{scene[1]}x"
        for q, limit in (("p50", 200), ("p99", 2000)) if ours else ():
            figures[f"{key}_gap_error_above_floor_ns_{q}"] = ours[0][f"clean_gap_error_ns_{q}"] - ours[0][f"floor_ns_{q}"]
            figures[f"{key}_gap_error_above_floor_ns_{q}_target"] = f"<= {limit:,} on a quiet core"
            if ours[0].get(f"undisturbed_gap_error_ns_{q}") is not None:
                figures[f"{key}_undisturbed_gap_error_above_floor_ns_{q}"] = (ours[0][f"undisturbed_gap_error_ns_{q}"]
                                                                             - ours[0][f"floor_ns_{q}"])
                figures[f"{key}_undisturbed_gap_error_above_floor_ns_{q}_target"] = f"<= {limit:,}"
        if ours and theirs:
            ratio = theirs[0]["clean_gap_error_ns_p99"] / max(1, ours[0]["clean_gap_error_ns_p99"])
            figures[f"{key}_tcpreplay_gap_error_p99_ratio"] = ratio
            figures[f"{key}_tcpreplay_gap_error_p99_ratio_target"] = ">= 10"
            figures[f"{key}_tcpreplay_time_error_p99_ratio"] = theirs[0]["time_error_ns_p99"] / max(1, ours[0]["time_error_ns_p99"])
            figures[f"{key}_tcpreplay_time_error_p99_ratio_target"] = ">= 10"
    return figures


def own_error(rig, source):
    """The sender alone, into nothing, in turns with a loop that waits as it does and only reads the clock."""
    figures = {}
    for turn in range(3):
        loop = rig.json(rig.program("bench_spin"), source, 1, 0)
        report = rig.json(rig.program("vega-replay"), source, "--out", "null", "--cpu", "0", "--json")
        for q in ("p50", "p99", "max"):
            for who, ns in (("loop", loop[f"error_ns_{q}"]), ("null", report[f"departure_error_ns_{q}"]),
                            ("undisturbed", report[f"undisturbed_error_ns_{q}"])):
                key = f"fidelity_{who}_departure_error_ns_{q}"
                figures[key] = ns if turn == 0 else min(figures[key], ns)
        figures["fidelity_loop_lost_share"] = min(loop["lost_share"], figures.get("fidelity_loop_lost_share", 1.0))
    figures["fidelity_null_departure_error_ns_p50_target"] = "<= 50"
    figures["fidelity_undisturbed_departure_error_ns_p99_target"] = "<= 300"
    figures["fidelity_null_departure_error_ns_p99_target"] = "<= 300; the loop, which only reads the clock, shows what the machine lets it reach"
    return figures


def run(rig):
    figures, rows = {}, []
    with harness.Veth(rig) as veth:
        veth.ip("link", "set", "lo", "up")  # as everywhere: vega-replay warms up over it
        trial = rig.path("fidelity-trial.pcap")
        harness.write_pcap(trial, 3000, harness.market_gaps(7, 10**6))
        outputs = {o: vega(rig, o) for o in ("udp:tx0", "dpdk:net_af_packet0,iface=tx0")}
        output, found = best(rig, veth, outputs, trial)
        figures |= {f"fidelity_trial_{o.partition(':')[0]}_gap_error_ns_p99": ns for o, ns in found.items()}
        senders = [(f"vega-replay --out {output}", outputs[output])]
        try:
            timer, found = best(rig, veth, {t: tcpreplay(t) for t in TIMERS}, trial)
            figures |= {f"fidelity_trial_tcpreplay_{t}_gap_error_ns_p99": ns for t, ns in found.items()}
        except harness.Skip:
            timer = TIMERS[0]  # its rows will say that there is none
        senders += [(f"tcpreplay -T {timer}", tcpreplay(timer)), ("tracereplay", tracereplay(rig))]
        for turn, scene in enumerate(SCENES):
            for row in play(rig, veth, scene, senders, turn, outputs[output]("SOURCE", 1)):
                print("bench: fidelity: " + " ".join(f"{k} {v}" for k, v in row.items()), file=sys.stderr, flush=True)
                rows.append(row)
        figures |= judge(rows) | own_error(rig, trial)
    figures["fidelity"] = rows
    return figures
