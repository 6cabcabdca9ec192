#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-gen: the file holds what was asked for, and its truth is what a decoder of its own finds in it.

usage: test_gen.py VEGA-GEN
"""
import collections
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import capfile

GEN = sys.argv.pop(1)
FEED = ['--feed', 'nse-mtbt']
LENGTHS = {'N': 38, 'M': 38, 'X': 38, 'T': 45, 'Z': 13}
EPOCH_NS = (315532800 - 19800) * 10**9
START_NS = 1748403900 * 10**9

Message = collections.namedtuple('Message', 'stream seq type ts ids token side price qty')


def gen(*args, **kw):
    return subprocess.run([GEN, *FEED, *args], capture_output=True, **kw)


def datagram(frame):
    """(group, port, UDP payload) of an Ethernet frame; everything of the headers that can be wrong is checked."""
    assert frame[:3] == b'\x01\x00\x5e' and frame[12:14] == b'\x08\x00', frame[:14].hex()
    version, total, ttl, proto = struct.unpack('>BxH4xBB', frame[14:24])
    group = '.'.join(str(b) for b in frame[30:34])
    port, udp_len, checksum = struct.unpack('>HHH', frame[36:42])
    assert version == 0x45 and proto == 17 and ttl > 0 and checksum != 0
    assert total == udp_len + 20 and len(frame) == max(60, 14 + total)
    assert not any(frame[14 + total:]), 'padding is not zero'
    assert frame[3:6] == bytes([frame[31] & 127, frame[32], frame[33]]), 'the group address'
    return group, port, frame[42:34 + udp_len]


def messages(payload):
    """The messages of a datagram, by the published offsets."""
    at, found = 0, []
    while at < len(payload):
        length, stream, seq, kind = struct.unpack_from('<hhIc', payload, at)
        kind = kind.decode()
        assert LENGTHS[kind] == length and at + length <= len(payload)
        if kind == 'Z':
            last, = struct.unpack_from('<I', payload, at + 9)
            found.append(Message(stream, seq, kind, None, None, None, None, None, last))
        elif kind == 'T':
            ts, buy, sell, token, price, qty = struct.unpack_from('<qddiii', payload, at + 9)
            found.append(Message(stream, seq, kind, ts + EPOCH_NS, (int(buy), int(sell)), token, None, price, qty))
        else:
            ts, oid, token, side, price, qty = struct.unpack_from('<qdicii', payload, at + 9)
            assert oid == int(oid) and side in b'BS'
            found.append(Message(stream, seq, kind, ts + EPOCH_NS, (int(oid),), token, side.decode(), price, qty))
        at += length
    return found


def fo_group(line, stream):
    """As the exchange publishes them."""
    if stream <= 10:
        return ('239.70.70.%d' % (40 + stream), 17740 + stream) if line == 'A' else \
               ('239.70.70.%d' % (30 + stream), 10830 + stream)
    n = stream - 10
    return ('239.70.70.%d' % (60 + n), 17760 + n) if line == 'A' else ('239.70.70.%d' % (70 + n), 10870 + n)


class Walk:
    """What a receiver can find out about a file by itself."""

    def __init__(self, path, groups):
        self.packets, damage = capfile.read(path)
        assert damage is None, damage
        self.count = collections.Counter()
        self.seen = collections.defaultdict(dict)  # (line, stream) -> seq -> message
        self.times = collections.defaultdict(list)  # (stream, seq) -> arrival
        self.duplicates = self.reordered = self.heartbeats = 0
        top = collections.Counter()
        for p in self.packets:
            group, port, payload = datagram(p.data)
            found = messages(payload)
            line, stream = groups[group, port]
            assert {m.stream for m in found} == {stream}
            self.count[line] += 1
            if found[0].type == 'Z':
                assert len(found) == 1 and found[0].seq == 0
                self.heartbeats += 1
                continue
            seqs = [m.seq for m in found]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
            seen = self.seen[line, stream]
            if seqs[0] in seen:
                self.duplicates += 1
                assert [seen[s] for s in seqs] == found
                continue
            self.reordered += seqs[0] < top[line, stream]
            top[line, stream] = max(top[line, stream], seqs[-1])
            seen.update(zip(seqs, found))
            self.times[stream, seqs[0]].append((line, p.ns))

    def lost(self, line, stream, last):
        return set(range(1, last + 1)) - set(self.seen[line, stream])


GROUPS = {fo_group(line, s): (line, s) for line in 'AB' for s in range(1, 19)}


def mold(payload):
    """First sequence and messages of a MoldUDP64 datagram: locate, time, type of each."""
    seq, count = struct.unpack_from('>QH', payload, 10)
    at, found = 20, []
    for _ in range(count):
        length, kind, locate, _, high, low = struct.unpack_from('>HcHHHI', payload, at)
        found.append((kind, locate, high << 32 | low))
        at += 2 + length
    assert at == len(payload)
    return seq, found


def iextp(payload):
    """The same of an IEX-TP datagram: symbol, time, type."""
    version, _, size, count, _, seq = struct.unpack_from('<BxH8xHHQQ', payload)
    assert version == 1 and size == len(payload) - 40
    at, found = 40, []
    for _ in range(count):
        length, kind, _, ns = struct.unpack_from('<HccQ', payload, at)
        found.append((kind, payload[at + 12:at + 20] if length > 10 else b'', ns))
        at += 2 + length
    assert at == len(payload)
    return seq, found


def unpack(data):
    """An LZO1Z stream, by its description."""
    out, at, last, state = bytearray(), 0, 0, 0

    def more(base):
        nonlocal at
        while data[at] == 0:
            base, at = base + 255, at + 1
        at += 1
        return base + data[at - 1]

    if data[0] > 17:
        count = data[0] - 17
        out += data[1:1 + count]
        at, state = 1 + count, 2 if count < 4 else 1
    while True:
        t, at = data[at], at + 1
        if t < 16 and state == 0:
            count = (t or more(15)) + 3
            out += data[at:at + count]
            at, state = at + count, 1
            continue
        if t >= 64 or t < 16:
            count = (t >> 5) + 1 if t >= 64 else 3 if state == 1 else 2
            if t >= 64 and t & 31 >= 28:
                tail = t
            else:
                tail, at = data[at], at + 1
                last = ((t & 31) << 6) + (tail >> 2) + (0x701 if t < 16 and state == 1 else 1)
        else:
            mask = 31 if t >= 32 else 7
            count = (t & mask or more(mask)) + 2
            high, tail, at = data[at], data[at + 1], at + 2
            last = (high << 6) + (tail >> 2) + (1 if t >= 32 else (t & 8) << 11)
            if t < 32 and last == 0:
                assert at == len(data)
                return bytes(out)
            last += 0 if t >= 32 else 0x4000
        for _ in range(count):
            out.append(out[-last])
        out += data[at:at + (tail & 3)]
        at, state = at + (tail & 3), 2 if tail & 3 else 0


def entries(payload):
    """Messages of a broadcast datagram, from their header on."""
    count, = struct.unpack_from('>2xH', payload)
    at = 4
    for _ in range(count):
        packed, = struct.unpack_from('>H', payload, at)
        if packed:
            body, end = unpack(payload[at + 2:at + 2 + packed]), at + 2 + packed
        else:
            end = at + 10 + struct.unpack_from('>H', payload, at + 48)[0]
            body = payload[at + 2:end]
        assert body[0] == payload[0] and len(body) == 8 + struct.unpack_from('>H', body, 46)[0]
        yield body[8:]
        at = end
    assert at == len(payload)


# What starts each feed's groups on line A and line B, and how its datagrams are read.
EQUITY = {
    ('itch', 'totalview'): ((233, 54, 12, 111, 26477), (233, 49, 196, 111, 26477), mold),
    ('iex', 'tops'): ((233, 215, 21, 3, 10377), (233, 215, 22, 3, 10377), iextp),
    ('iex', 'deep-plus'): ((233, 215, 21, 242, 32001), (233, 215, 22, 242, 32001), iextp),
}


class Gen(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vega-test-gen-')
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name='s.pcap'):
        return os.path.join(self.dir, name)

    def make(self, *args):
        done = gen('-o', self.path(), '--truth', self.path('truth.json'), *args)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        with open(self.path('truth.json')) as f:
            return json.load(f)

    def sha(self, *args):
        self.make(*args)
        with open(self.path(), 'rb') as f:
            return hashlib.sha256(f.read()).hexdigest()

    def judge(self, *args, groups=GROUPS, lines='A'):
        """Every number of the truth against what the walk finds."""
        truth = self.make(*args)
        walk = Walk(self.path(), groups)
        self.assertEqual(truth['packets'], len(walk.packets))
        self.assertEqual(truth['bytes'], sum(p.wire for p in walk.packets))
        self.assertEqual((truth['packets_a'], truth['packets_b']), (walk.count['A'], walk.count['B']))
        self.assertEqual((truth['first_ns'], truth['last_ns']), (walk.packets[0].ns, walk.packets[-1].ns))
        self.assertEqual(truth['packets_duplicated'], walk.duplicates)
        self.assertEqual(truth['packets_reordered'], walk.reordered)
        self.assertEqual(truth['heartbeats'], walk.heartbeats)
        for p, q in zip(walk.packets, walk.packets[1:]):
            self.assertLessEqual(p.ns, q.ns)
        total = collections.Counter()
        for s in range(1, truth['streams'] + 1):
            last = truth['stream_%d_last_seq' % s]
            lost = {line: walk.lost(line, s, last) for line in lines}
            lost['all'] = set.intersection(*lost.values())
            for line, key in (('A', '_a'), ('B', '_b'), ('all', '')):
                n = len(lost.get(line, ()))
                self.assertEqual(truth['stream_%d_messages_lost%s' % (s, key)], n, (s, line))
                total[key] += n
            total['messages'] += last
        for key in ('_a', '_b', ''):
            self.assertEqual(truth['messages_lost' + key], total[key])
        self.assertEqual(truth['messages'], total['messages'])
        return truth, walk

    def test_same_seed_same_bytes(self):
        args = ['--packets', '20000', '--ab', '--loss', '1%', '--reorder', '0.01', '--duplicates', '0.01']
        first = self.sha('--seed', '5', *args)
        self.assertEqual(first, self.sha('--seed', '5', *args))
        self.assertNotEqual(first, self.sha('--seed', '6', *args))
        with open(self.path(), 'rb') as f:
            self.assertEqual(gen('--seed', '6', *args, '-o', '-').stdout, f.read())

    def test_truth_of_one_line(self):
        truth, _ = self.judge('--packets', '20000', '--loss', '0.02', '--streams', '5')
        self.assertGreater(truth['messages_lost_a'], 0)
        self.assertEqual(truth['messages_lost'], truth['messages_lost_a'])

    def test_truth_of_two_lines(self):
        for seed in ('1', '2', '3'):
            truth, _ = self.judge('--seed', seed, '--packets', '20001', '--ab', '--loss', '5%', '--duplicates', '1%',
                                  '--reorder', '3%', '--rate', '3000000', '--streams', '18', '--heartbeat', '100us', lines='AB')
            for key in ('messages_lost', 'messages_lost_a', 'messages_lost_b', 'packets_duplicated',
                        'packets_reordered', 'heartbeats'):
                self.assertGreater(truth[key], 0, key)

    def test_truth_of_the_smallest(self):
        for n in range(1, 12):
            for rate in ('1', '1000000'):
                self.judge('--packets', str(n), '--rate', rate, '--ab', '--loss', '0.4', '--duplicates', '0.5',
                           '--reorder', '0.5', lines='AB')

    def test_clean_lines_are_copies(self):
        truth, walk = self.judge('--packets', '20000', '--ab', lines='AB')
        self.assertEqual(truth['packets_a'], 10000)
        self.assertEqual((truth['messages_lost_a'], truth['messages_lost_b'], walk.duplicates), (0, 0, 0))
        for s in range(1, 4):
            self.assertEqual(walk.seen['A', s], walk.seen['B', s])
        for arrivals in walk.times.values():
            self.assertEqual([line for line, _ in arrivals], ['A', 'B'])
            self.assertTrue(10000 < arrivals[1][1] - arrivals[0][1] < 100000, 'tens of microseconds')

    def test_loss_does_not_change_what_was_published(self):
        _, clean = self.judge('--packets', '4000')
        _, lossy = self.judge('--packets', '3000', '--loss', '10%')
        for stream in range(1, 4):
            for seq, message in lossy.seen['A', stream].items():
                self.assertEqual(clean.seen['A', stream].get(seq, message), message)

    def apply(self, book, m, used):
        """One message to the two sides of its book."""
        if m.type == 'T':
            self.assertTrue(any(m.ids))
            for i, oid in enumerate(m.ids):
                if oid == 0:
                    continue
                order = book[i][oid]
                self.assertTrue(order[0] >= m.price if i == 0 else order[0] <= m.price)
                order[1] -= m.qty
                self.assertGreaterEqual(order[1], 0)
                if order[1] == 0:
                    del book[i][oid]
            return
        side, oid = book['BS'.index(m.side)], m.ids[0]
        if m.type == 'N':
            self.assertNotIn(oid, used)
            used.add(oid)
        else:
            self.assertIn(oid, side)
        side[oid] = [m.price, m.qty]
        if m.type == 'X':
            del side[oid]

    def test_order_flow(self):
        """Trades and changes name live orders, take no more than is there, and leave no crossed book."""
        _, walk = self.judge('--packets', '40000')
        types, packed = collections.Counter(), 0
        for stream in range(1, 4):
            seen = walk.seen['A', stream]
            books = collections.defaultdict(lambda: ({}, {}))  # token -> (bids, asks), each id -> [price, qty]
            used, before = set(), 0
            for seq in range(1, len(seen) + 1):
                m = seen[seq]
                types[m.type] += 1
                self.assertGreaterEqual(m.ts, before)
                before = m.ts
                self.assertGreater(m.price, 0)
                self.assertGreater(m.qty, 0)
                self.assertEqual(m.price % 5, 0, 'ticks')
                self.apply(books[m.token], m, used)
                # An order that crosses trades in the very next messages of its stream.
                if seq < len(seen) and seen[seq + 1].type != 'T':
                    bids, asks = books[m.token]
                    if bids and asks:
                        self.assertLess(max(p for p, _ in bids.values()), min(p for p, _ in asks.values()))
            self.assertEqual(len(books), 8)
        self.assertEqual(set(types), set('NMXT'))
        for kind in 'NMXT':
            self.assertGreater(types[kind], sum(types.values()) // 50, kind)
        for p in walk.packets:
            packed += len(p.data) > 42 + 45
        self.assertGreater(packed, 1000, 'datagrams with several messages')

    def test_heartbeats(self):
        truth, walk = self.judge('--packets', '200', '--rate', '1', '--heartbeat', '3s', '--ab', lines='AB')
        self.assertGreater(truth['heartbeats'], 20)
        last = collections.Counter()
        for p in walk.packets:
            group, port, payload = datagram(p.data)
            for m in messages(payload):
                key = GROUPS[group, port]
                if m.type == 'Z':
                    self.assertEqual((len(p.data), len(payload)), (60, 13))
                    self.assertEqual(m.qty, last[key])
                else:
                    last[key] = m.seq
        self.assertEqual(self.make('--packets', '100', '--rate', '1', '--heartbeat', '0s')['heartbeats'], 0)

    def test_rate_and_start(self):
        for rate, n in ((1, 300), (1000, 20000), (5000000, 100000)):
            truth = self.make('--packets', str(n), '--rate', str(rate), '--heartbeat', '0s', '--ab',
                              '--start', '2026-11-20T09:15:00.000000001+05:30')
            self.assertTrue(1795146300000000001 < truth['first_ns'] < 1795146300000010000)
            seconds = (truth['last_ns'] - truth['first_ns']) / 1e9
            self.assertTrue(0.8 * n / rate < seconds < 1.25 * n / rate, (rate, seconds))
        self.assertEqual(self.make('--packets', '1')['first_ns'] // 10**9 * 10**9, START_NS)

    def test_burst(self):
        _, walk = self.judge('--packets', '10000', '--rate', '10000', '--burst', '50')
        gaps = [q.ns - p.ns for p, q in zip(walk.packets, walk.packets[1:])]
        self.assertTrue(0.95 < sum(g < 2000 for g in gaps) / len(gaps) < 0.99)
        self.assertTrue(0.8 < sum(gaps) / 1e9 < 1.25)

    def test_segment_cm(self):
        groups = {('239.60.60.%d' % (40 + s), 16640 + s): ('A', s) for s in range(1, 6)}
        groups.update({('239.60.60.%d' % (30 + s), 10630 + s): ('B', s) for s in range(1, 6)})
        truth, _ = self.judge('--segment', 'cm', '--streams', '5', '--packets', '5000', '--ab', groups=groups, lines='AB')
        self.assertEqual(truth['segment'], 'cm')

    def test_equity_feeds(self):
        """Sequences and losses of ITCH and IEX, by the published offsets of their headers."""
        for (feed, segment), (*firsts, read) in EQUITY.items():
            truth = self.make('--feed', feed, '--segment', segment, '--packets', '20000', '--ab', '--loss', '3%')
            groups = {('%d.%d.%d.%d' % (*a[:3], a[3] + s), a[4] + s): (line, s + 1)
                      for line, a in zip('AB', firsts) for s in range(truth['streams'])}
            seen, symbols = collections.defaultdict(dict), set()
            for p in capfile.read(self.path())[0]:
                group, port, payload = datagram(p.data)
                seq, found = read(payload)
                seen[groups[group, port]].update(enumerate(found, seq))
                symbols.update(symbol for _, symbol, _ in found if symbol)
            self.assertEqual(len(symbols), 8 * truth['streams'])
            for s in range(1, truth['streams'] + 1):
                last = truth['stream_%d_last_seq' % s]
                lost = {line: set(range(1, last + 1)) - set(seen[line, s]) for line in 'AB'}
                self.assertEqual(len(lost['A']), truth['stream_%d_messages_lost_a' % s])
                self.assertEqual(len(lost['B']), truth['stream_%d_messages_lost_b' % s])
                self.assertEqual(len(lost['A'] & lost['B']), truth['stream_%d_messages_lost' % s])
                both = {**seen['A', s], **seen['B', s]}
                times = [both[seq][2] for seq in sorted(both)]
                self.assertEqual(times, sorted(times))
                for seq in set(seen['A', s]) & set(seen['B', s]):
                    self.assertEqual(seen['A', s][seq], seen['B', s][seq])

    def test_broadcast(self):
        """NSE's broadcast, by the published offsets: sequences of each group, rows of books, volumes that rise."""
        for segment, row_bytes, volume in (('fo', 214, '>i4xI'), ('cm', 262, '>i4xQ')):
            truth = self.make('--feed', 'nse-nnf', '--segment', segment, '--packets', '5000', '--heartbeat', '1ms')
            seqs, volumes, heartbeats, kinds = collections.defaultdict(int), collections.defaultdict(int), 0, set()
            for p in capfile.read(self.path())[0]:
                group, _, payload = datagram(p.data)
                for m in entries(payload):
                    log, kind, seq, length = struct.unpack_from('>4xI2xH2xI20xH', m)
                    kinds.add(kind)
                    self.assertEqual(log, (p.ns - EPOCH_NS) // 10**9)
                    self.assertEqual(length, len(m))
                    heartbeats += kind == 6541
                    seqs[group] += kind != 6541
                    if kind != 17130:
                        self.assertEqual(seq, seqs[group])
                    for i in range(struct.unpack_from('>H', m, 40)[0] if kind == 7208 else 0):
                        token, traded = struct.unpack_from(volume, m, 42 + row_bytes * i)
                        self.assertGreaterEqual(traded, volumes[token])
                        volumes[token] = traded
            self.assertEqual(kinds, {7208, 6541} | ({17202, 17130, 7220} if segment == 'fo' else {18703, 7207, 7216}))
            self.assertEqual(heartbeats, truth['heartbeats'])
            self.assertEqual(sum(seqs.values()), truth['messages'])
            self.assertEqual(len(volumes), 8 * truth['streams'])

    def test_other_tools_read_it(self):
        self.make('--packets', '4321', '--ab', '--loss', '1%')
        ran = 0
        for tool in (['capinfos', '-Mc', self.path()], ['tcpdump', '-nvvr', self.path()]):
            if shutil.which(tool[0]) is None:
                continue
            done = subprocess.run(tool, capture_output=True, text=True)
            ran += 1
            self.assertEqual(done.returncode, 0, done.stderr)
            if tool[0] == 'capinfos':
                self.assertIn('4321', done.stdout)
            else:
                self.assertEqual(done.stdout.count('[udp sum ok]'), 4321)
                self.assertNotIn('bad', done.stdout)
        if ran == 0:
            self.skipTest('neither capinfos nor tcpdump is installed')

    def test_json_and_summary(self):
        done = gen('--packets', '10', '-o', self.path(), '--json')
        self.assertEqual(json.loads(done.stdout), self.make('--packets', '10'))
        self.assertIn(b'10 packets', gen('--packets', '10', '-o', self.path()).stdout)

    def refused(self, status, words, *args):
        done = gen(*args)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(words, done.stderr.decode())
        self.assertEqual(os.listdir(self.dir), [])

    def test_wrong_usage(self):
        some = ['--packets', '5', '-o', self.path()]
        self.refused(64, 'nse-mtbt', '--feed', 'pitch', *some)
        self.refused(64, 'there is: fo, cm', '--segment', 'cd', *some)
        self.refused(64, 'need --packets', '-o', self.path())
        self.refused(64, 'need -o', '--packets', '5')
        self.refused(64, '--packets', '--packets', '0', '-o', self.path())
        for share in ('', '.5', '1.1', '101%', '-1', '0.1x', 'nan', '1e-3', '99999999999999999999'):
            self.refused(64, '--loss', *some, '--loss', share)
        self.refused(64, '--loss', *some, '--loss', '0.95')
        self.refused(64, '--rate', *some, '--rate', '0')
        self.refused(64, '--streams', *some, '--streams', '19')
        self.refused(64, '--start', *some, '--start', 'yesterday')
        self.refused(64, '--start', *some, '--start', '1970-01-01T00:00:00Z')
        self.refused(64, 'standard output', '--packets', '5', '-o', '-', '--json')
        self.refused(64, 'two files', *some, '--truth', self.path())
        self.refused(64, "'extra'", *some, 'extra')
        for start in ('2106-02-08T00:00:00Z', 2**64 - 1, 2**64 - 10**9):  # near the last it would go round to 1970
            self.refused(65, '2106', *some, '--start', str(start))
        for duration in ('366d', '213503d'):
            self.refused(64, '365d', *some, '--heartbeat', duration)
        self.refused(64, '0.95', *some, '--loss', '0.95')

    def test_output_that_cannot_be_written(self):
        self.refused(73, 'No such file', '--packets', '5', '-o', self.path('none/s.pcap'))
        self.refused(73, 'No space', '--packets', '50000', '-o', '/dev/full')
        self.refused(73, 'No space', '--packets', '5', '-o', '/dev/full')
        self.refused(73, 'none/t.json', '--packets', '5', '-o', self.path(), '--truth', self.path('none/t.json'))
        self.refused(73, 'No space', '--packets', '5', '-o', '/dev/full', '--truth', self.path('t.json'))
        self.refused(73, '/dev/full', '--packets', '5', '-o', '/dev/null', '--truth', '/dev/full')

    @unittest.skipIf(os.geteuid() == 0, 'root may write everywhere')
    def test_no_permission(self):
        os.chmod(self.dir, 0o500)
        self.refused(77, 'Permission denied', '--packets', '5', '-o', self.path())

    def test_a_file_is_replaced_only_when_complete(self):
        with open(self.path(), 'w') as f:
            f.write('old')
        os.symlink(self.path(), self.path('link'))
        self.assertEqual(gen('--packets', '5', '--start', '2106-02-08T00:00:00Z', '-o', self.path()).returncode, 65)
        with open(self.path()) as f:
            self.assertEqual(f.read(), 'old')
        self.assertEqual(gen('--packets', '5', '-o', self.path('link')).returncode, 0)
        self.assertTrue(os.path.islink(self.path('link')))
        self.assertEqual(len(capfile.read(self.path())[0]), 5)
        self.assertEqual(sorted(os.listdir(self.dir)), ['link', 's.pcap'])

    def test_stopped_leaves_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                run = subprocess.Popen([GEN, *FEED, '--packets', '100000000', '-o', self.path(), '--truth', self.path('t.json')],
                                       stderr=subprocess.PIPE)
                while len(os.listdir(self.dir)) < 2:
                    time.sleep(0.01)
                self.assertNotIn('s.pcap', os.listdir(self.dir))
                time.sleep(0.05)
                run.send_signal(number)
                run.communicate()
                self.assertEqual(run.returncode, -number)
                self.assertEqual(os.listdir(self.dir), [])

    def test_a_reader_that_goes_away_leaves_nothing(self):
        """As `| head` and `| tcpdump -c` do: ended by its signal, without a word."""
        run = subprocess.Popen([GEN, *FEED, '--packets', '1000000', '-o', '-', '--truth', self.path('t.json')], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        self.assertEqual(len(run.stdout.read(1000)), 1000)
        run.stdout.close()
        self.assertEqual(run.stderr.read(), b'')
        run.stderr.close()
        self.assertEqual(run.wait(timeout=60), -signal.SIGPIPE)
        self.assertEqual(os.listdir(self.dir), [])


if __name__ == '__main__':
    unittest.main()
