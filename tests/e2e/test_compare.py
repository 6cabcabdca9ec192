#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-compare against a second reading of the same captures: its own pcap reader, its own headers, its own matching, in exact integers.

usage: test_compare.py BUILD
"""
import bisect
import collections
import json
import os
import random
import struct
import unittest

import capfile
import vega

T0 = 1748403900 * 10**9
REAL = [capfile.shared('nse-synthetic', 'nse_nnf_fo.pcap'), capfile.shared('nse-synthetic', 'nse_mtbt_fo_ab.pcap'),
        capfile.shared('omi-data-packets-history', 'Cme.Mdp3.Sbe.v6.1.pcap'), capfile.shared('go-iex', 'TOPS16.pcapng'),
        capfile.shared('omi-data-packets-history', 'Miax.Tom.Mach.v1.9.Example.pcap')]


def udp_payload(data):
    """The payload of an Ethernet frame's IPv4 UDP datagram; the frame itself where there is none."""
    at = 12
    while data[at:at + 2] in (b'\x81\x00', b'\x88\xa8', b'\x91\x00', b'\x92\x00'):
        at += 4
    if data[at:at + 2] != b'\x08\x00' or len(data) < at + 22:
        return data
    ip = data[at + 2:]
    header, total, fragment = (ip[0] & 15) * 4, *struct.unpack('>HxxH', ip[2:8])
    if ip[9] != 17 or fragment & 0x3fff or len(ip) < header + 8:
        return data
    return ip[header + 8:min(total, header + struct.unpack('>H', ip[header + 4:header + 6])[0])]


def quantile(values, permille):
    values = sorted(values)
    return values[max(0, -(-len(values) * permille // 1000) - 1)]


def compare(original, captured, speed=1):
    """All in memory, and as its documents say: of equal packets the nearest to where the capture stands."""
    places = collections.defaultdict(list)
    for i, p in enumerate(original):
        places[udp_payload(p.data)].append(i)
    taken, at, highest, pairs = set(), 0, -1, []
    counts = collections.Counter(doubled=0, foreign=0, reordered=0)
    for p in captured:
        found = places.get(udp_payload(p.data))
        if found is None:
            counts['foreign'] += 1
            continue
        right = bisect.bisect_left(found, at)
        near = sorted((abs(i - at), i in taken, -i) for i in found[max(0, right - 1):right + 1])[0]
        place = -near[2]
        if near[1]:
            counts['doubled'] += 1
            continue
        taken.add(place)
        counts['reordered'] += place < highest
        at, highest = place + 1, max(highest, place)
        pairs.append((original[place].ns, p.ns))
    def since(pair):
        due = (pair[0] - pairs[0][0]) * 10**6
        scale = round(speed * 10**6)
        return pair[1] - pairs[0][1] - (abs(due) // scale if due >= 0 else -(abs(due) // scale))
    errors = [since(pair) for pair in pairs]
    gaps = [abs(b - a) for a, b in zip(errors, errors[1:])]
    sizes = [abs(e) for e in errors[1:]]
    return {'packets_original': len(original), 'packets_captured': len(captured), 'packets_matched': len(pairs),
            'packets_missing': len(original) - len(pairs), **{'packets_' + k: v for k, v in counts.items()}, 'speed': float(speed),
            'time_error_ns_p50': quantile(sizes, 500), 'time_error_ns_p99': quantile(sizes, 990), 'time_error_ns_max': max(sizes),
            'gap_error_ns_p50': quantile(gaps, 500), 'gap_error_ns_p99': quantile(gaps, 990), 'gap_error_ns_max': max(gaps),
            'time_error_ns_earliest': min(0, *errors), 'time_error_ns_latest': max(errors), 'drift_ns': errors[-1]}


def udp_frame(payload, group='239.1.1.1', port=5000, vlan=None, pad=0):
    udp = struct.pack('>HHHH', 40000, port, 8 + len(payload), 0) + payload
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 16, 17, 0, bytes(4), bytes(map(int, group.split('.'))))
    tag = b'' if vlan is None else struct.pack('>HH', 0x8100, vlan)
    return b'\x01\x00\x5e\x01\x01\x01\x02\x00\x00\x00\x00\x01' + tag + b'\x08\x00' + ip + udp + bytes(pad)


def session(rng, count):
    """Bursts of packets on two lines, heartbeats that are all the same, and frames that are no UDP."""
    ns, packets = T0, []
    for i in range(count):
        ns += rng.choice((0, 90, 1000, 70000, 3000000))
        if rng.random() < 0.1:
            packets.append((ns, udp_frame(b'heartbeat')))
        elif rng.random() < 0.05:
            packets.append((ns, bytes(12) + b'\x08\x06' + i.to_bytes(8, 'big') * 4))
        else:
            packets.append((ns, udp_frame(b'A' * 40 + i.to_bytes(8, 'big'))))
            packets.append((ns + 50, udp_frame(b'A' * 40 + i.to_bytes(8, 'big'), port=5001)))
    return packets


def disturbed(rng, packets, speed=1.0):
    """What a bad wire makes of it."""
    out = []
    for ns, data in packets:
        ns = T0 + 10**12 + int((ns - T0) / speed) + int(rng.expovariate(1 / 3000))
        if rng.random() < 0.02:
            continue
        out.append((ns, data))
        if rng.random() < 0.01:
            out.append((ns + 700, data))
        if rng.random() < 0.01:
            out.append((ns + 10, udp_frame(b'not of this session' + out[-1][0].to_bytes(8, 'big'))))
        if rng.random() < 0.01 and len(out) > 1:
            out[-1], out[-2] = out[-2], out[-1]
    return out


class Compare(unittest.TestCase):
    def setUp(self):
        context = vega.scratch()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def made(self, name, packets):
        path = os.path.join(self.dir, name)
        capfile.write(path, packets)
        return path

    def check(self, original, captured, *args, speed=1):
        got = vega.output('vega-compare', original, captured, *args)
        wanted = compare(capfile.read(original)[0], capfile.read(captured)[0], speed)
        for key, value in wanted.items():
            if key.endswith(('_p50', '_p99')):  # from buckets: at most 1/64 too high
                self.assertTrue(value <= got[key] <= value + value // 64, f'{key}: {got[key]}, not {value}')
            else:
                self.assertEqual(got[key], value, key)
        self.assertEqual(set(got), set(wanted))
        return got

    def test_a_bad_wire(self):
        for seed in range(5):
            rng = random.Random(seed)
            packets = session(rng, 3000)
            with self.subTest(seed=seed):
                got = self.check(self.made('o.pcap', packets), self.made('c.pcap', disturbed(rng, packets)))
                self.assertTrue(all(got['packets_' + k] > 10 for k in ('missing', 'doubled', 'foreign', 'reordered')), got)

    def test_speed(self):
        rng = random.Random(9)
        packets = session(rng, 1000)
        for speed in ('0.5', '10', '100'):
            self.check(self.made('o.pcap', packets), self.made('c.pcap', disturbed(rng, packets, float(speed))), '--speed', speed,
                       speed=float(speed))

    def test_real_captures(self):
        seen = 0
        for path in filter(None, REAL):
            packets = [(p.ns, p.data) for p in capfile.read(path)[0]]
            with self.subTest(capture=os.path.basename(path)):
                self.check(path, self.made('c.pcap', disturbed(random.Random(3), packets)))
            with self.subTest(capture=os.path.basename(path), lost='in one piece'):
                cut = len(packets) // 3
                got = self.check(path, self.made('c.pcap', disturbed(random.Random(4), packets[:cut] + packets[2 * cut:], 10.0)),
                                 '--speed', 10, speed=10.0)
                self.assertGreaterEqual(got['packets_missing'], cut)
            seen += 1
        if seen == 0:
            self.skipTest('need the shared captures, found none; set VEGA_SHARED')

    def test_times_as_far_apart_as_can_be(self):
        """What 63 bits do not hold is told as the largest, and never as less than nothing."""
        def made(name, *times):
            path = os.path.join(self.dir, name)
            with open(path, 'wb') as out:
                out.write(struct.pack('<IIIHHqI', 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28))
                out.write(struct.pack('<IIHHIHHB3xII', 1, 32, 1, 0, 0, 9, 1, 9, 0, 32))
                for ns in times:
                    out.write(struct.pack('<IIIIIII', 6, 36, 0, ns >> 32, ns & 0xffffffff, 4, 4) + bytes(4) + struct.pack('<I', 36))
            return path
        late, early = made('late', 0, 2**63 + 5), made('early', 0, 0)
        for pair in ((late, early), (early, late)):
            got = vega.output('vega-compare', *pair)
            self.assertEqual((got['packets_matched'], got['time_error_ns_max'], got['gap_error_ns_p99']), (2, 2**63 - 1, 2**63 - 1))
        report = vega.output('vega-replay', late, '--out', 'null', '--speed', 'max')
        self.assertEqual(report['last_ns'], 2**63 - 1)

    def test_headers_do_not_matter(self):
        original = self.made('o.pcap', [(T0 + i * 1000, udp_frame(i.to_bytes(4, 'big'))) for i in range(100)])
        other = self.made('c.pcap', [(i * 1000, udp_frame(i.to_bytes(4, 'big'), '239.9.9.9', 77, vlan=5, pad=9)) for i in range(100)])
        got = self.check(original, other)
        self.assertEqual((got['packets_matched'], got['time_error_ns_max']), (100, 0))

    def test_our_own_replay(self):
        packets = [(T0 + i * 20000, udp_frame(i.to_bytes(4, 'big') * 9)) for i in range(2000)]
        original, captured = self.made('o.pcap', packets), os.path.join(self.dir, 'r.pcap')
        self.assertEqual(vega.run('vega-replay', original, '--out', 'pcap:' + captured).returncode, 0)
        got = self.check(original, captured)
        self.assertEqual((got['packets_matched'], got['drift_ns'], got['gap_error_ns_max']), (2000, 0, 0))
        got = vega.output('vega-compare', original, captured, '--from', T0 + 20000000, '--to', T0 + 30000000)
        self.assertEqual((got['packets_original'], got['packets_matched'], got['packets_foreign']), (500, 500, 1500))

    def test_a_journal_is_an_original_too(self):
        source = self.made('o.pcap', [(T0 + i * 1000, udp_frame(i.to_bytes(4, 'big'))) for i in range(100)])
        journal = os.path.join(self.dir, 'journal')
        conf = os.path.join(self.dir, 'c.yaml')
        with open(conf, 'w', encoding='utf-8') as f:
            f.write(vega.SMALL)
        done = vega.run('vega-capture', '--pcap', source, '--journal', journal, '--config', conf, '--region', vega.REGION)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = vega.output('vega-compare', journal, source, '--feed', 'default')
        self.assertEqual((got['packets_matched'], got['time_error_ns_max']), (100, 0))

    def test_what_it_says(self):
        packets = [(T0 + i * 1000, udp_frame(i.to_bytes(4, 'big'))) for i in range(9)]
        one, none = self.made('o.pcap', packets), self.made('n.pcap', [(T0, udp_frame(b'other'))])
        done = vega.run('vega-compare', one, one)
        self.assertEqual((done.returncode, done.stdout.count('\n')), (0, 4), done.stderr)
        self.assertIn('9 matched, 0 missing', done.stdout)
        done = vega.run('vega-compare', one, none, '--json')
        self.assertEqual(done.returncode, 65)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)
        got = json.loads(done.stdout)
        self.assertEqual((got['packets_missing'], got['packets_foreign'], got['drift_ns']), (9, 1, None))

    def test_wrong_usage(self):
        one = self.made('o.pcap', [(T0, udp_frame(b'x'))])
        for status, args in ((64, [one]), (64, []), (64, [one, one, one]), (64, [one, one, '--speed', 'max']), (66, [one, one + 'x']),
                             (66, [one + 'x', one]), (64, [one, one, '--feed', 'X'])):
            done = vega.run('vega-compare', *args)
            self.assertEqual(done.returncode, status, (args, done.stderr))
            self.assertTrue(vega.one_line(done.stderr), done.stderr)


if __name__ == '__main__':
    unittest.main()
