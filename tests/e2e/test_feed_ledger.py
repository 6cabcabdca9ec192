#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sequence and arbitration on real and synthetic captures: what a feed tells of each sequence, against truth.json.

    test_feed_ledger.py FEEDLEDGER
"""
import collections
import json
import os
import subprocess
import sys
import unittest

import vega

FEEDLEDGER = sys.argv.pop(1)
DATA = os.path.join(vega.SHARED, 'data')
NSE = 'nse-synthetic/nse_mtbt_fo_ab.pcap'
CME6 = 'omi-data-packets-history/Cme.Mdp3.Sbe.v6.1.pcap'
CME9 = 'omi-data-packets-history/Cme.Mdp3.Sbe.v9.1.Example.pcap'
FILTERED = 'omi-data-packets-history/MdIncrementalRefreshSessionStatistics.pcap'
DEEP = 'go-iex/DEEP10.first25000.pcap'

Packet = collections.namedtuple('Packet', 'number stream line action seq messages')
Gap = collections.namedtuple('Gap', 'number stream state line first count')
Segment = collections.namedtuple('Segment', 'number stream what seq')


def truth(path):
    with open(os.path.join(DATA, os.path.dirname(path), 'truth.json'), encoding='utf-8') as file:
        return next(f for f in json.load(file)['files'] if f['file'] == os.path.basename(path))


class Ledger:
    """What the feed told, and what follows from its GAP records alone."""

    def __init__(self, form, path, claims, hold_ms=5):
        """claims: {'group:port': (stream, line)}, or a list of such pairs"""
        args = [f'{to}={stream}:{line}' for to, (stream, line) in (claims.items() if isinstance(claims, dict) else claims)]
        done = subprocess.run([FEEDLEDGER, form, os.path.join(DATA, path), str(hold_ms * 1000000), *args],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.packets, self.gaps, self.segments, self.cells = [], [], [], {}
        for line in done.stdout.splitlines():
            what, *words = line.split(' ')
            if what == 'packet':
                self.packets.append(Packet(int(words[0]), int(words[1]), words[2], words[3], int(words[4]), int(words[5])))
            elif what == 'gap':
                self.gaps.append(Gap(int(words[0]), int(words[1]), words[2], words[3], int(words[4]), int(words[5])))
            elif what == 'segment':
                self.segments.append(Segment(int(words[0]), int(words[1]), words[2], int(words[3])))
            else:
                self.cells[int(words[0])] = {k: int(v) for k, v in (w.split('=') for w in words[2:])}

    def told(self, stream, *states):
        """Every sequence of the stream that a GAP record names with one of the states, in order."""
        return [seq for gap in self.gaps if gap.stream == stream and gap.state in states
                for seq in range(gap.first, gap.first + gap.count)]

    def missing(self, stream):
        return sorted(set(self.told(stream, 'open')) - set(self.told(stream, 'filled', 'recovered')))


class Cme(unittest.TestCase):
    def claims(self, path):
        """Line A on ports 14xxx, B on 15xxx, of the same channel."""
        return {to: (int(to[-3:]), 'A' if to.split(':')[1].startswith('14') else 'B') for to in truth(path)['channels']}

    def once(self, ledger, claims, path):
        """Each sequence that either line has is delivered once, and the rest are duplicates."""
        channels = truth(path)['channels']
        for stream in {s for s, _ in claims.values()}:
            new = sorted(p.seq for p in ledger.packets if p.stream == stream and p.action == 'new')
            sides = [channels[to] for to, (s, _) in claims.items() if s == stream]
            first, last = min(c['first_seq'] for c in sides), max(c['last_seq'] for c in sides)
            missing = set.intersection(*(
                {seq for a, b in c['gaps'] for seq in range(a, b + 1)} | set(range(first, c['first_seq'])) for c in sides))
            with self.subTest(path=path, stream=stream):
                self.assertEqual(new, [seq for seq in range(first, last + 1) if seq not in missing])
                self.assertEqual(ledger.cells[stream]['packets'], sum(c['packets'] for c in sides))
                self.assertEqual(ledger.cells[stream]['duplicates'], sum(c['packets'] for c in sides) - len(new))

    def test_both_lines_whole(self):
        claims = {to: (1, 'AB'['15' in to[-5:-3]]) for to in truth(CME6)['channels']}
        ledger = Ledger('cme-mdp3', CME6, claims)
        self.once(ledger, claims, CME6)
        self.assertEqual(ledger.gaps, [])
        self.assertEqual(ledger.cells[1]['messages'], truth(CME6)['messages'] // 2)
        self.assertEqual([s.what for s in ledger.segments], ['start'])

    def test_one_sided_losses_are_filled(self):
        claims = self.claims(CME9)
        ledger = Ledger('cme-mdp3', CME9, claims)
        self.once(ledger, claims, CME9)
        lost = {(claims[to][0], a): claims[to][1] for to, c in truth(CME9)['channels'].items() for a, _ in c['gaps']}
        self.assertEqual(len(lost), 4)
        for (stream, seq), line in lost.items():
            with self.subTest(stream=stream, seq=seq):
                other = 'AB'['A' == line]
                came = next(p for p in ledger.packets if p.stream == stream and p.seq == seq and p.action == 'new')
                self.assertEqual(came.line, other)
                # Told as a gap where the line that lost it was ahead.
                told = [g for g in ledger.gaps if g.stream == stream and g.first == seq]
                self.assertIn([(g.state, g.line) for g in told], ([], [('open', line), ('filled', other)]))
        for stream in ledger.cells:
            self.assertEqual(ledger.missing(stream), [])

    def test_losses_of_each_line_alone(self):
        for to, said in truth(CME9)['channels'].items():
            ledger = Ledger('cme-mdp3', CME9, {to: (1, 'A')})
            self.assertEqual(ledger.missing(1), [seq for a, b in said['gaps'] for seq in range(a, b + 1)], to)
            self.assertEqual(ledger.cells[1]['messages'], said['messages'])

    def test_many_gaps_on_both_lines(self):
        """A filtered capture: more gaps than are remembered at a time, each told and declared lost."""
        claims = {to: (1, line) for line, to in zip('AB', sorted(truth(FILTERED)['channels']))}
        ledger = Ledger('cme-mdp3', FILTERED, claims)
        said = truth(FILTERED)['channels'][sorted(truth(FILTERED)['channels'])[0]]
        opened = [[g.first, g.first + g.count - 1] for g in ledger.gaps if g.state == 'open']
        self.assertEqual(len(opened), said['gap_count'])
        self.assertEqual(opened[:len(said['gaps'])], said['gaps'])  # the truth lists the first ones
        self.assertEqual(len(ledger.missing(1)), said['missing'])
        lost = ledger.told(1, 'lost')
        self.assertEqual(lost, ledger.missing(1)[:len(lost)])
        self.assertEqual(ledger.cells[1]['lost_seqs'], len(lost))
        # All but the gaps that the end of the capture cuts short of the hold.
        self.assertGreater(len(lost), said['missing'] - 30)


class Iex(unittest.TestCase):
    def test_restarts(self):
        """The publisher begins again with sequence 1, in the same session: nothing of it is a duplicate."""
        said = truth(DEEP)
        to, channel = next(iter(said['channels'].items()))
        ledger = Ledger('iex', DEEP, {to: (1, 'A')})
        self.assertEqual([s.what for s in ledger.segments], ['start'] + ['restart'] * channel['stream_offset_breaks'])
        self.assertEqual({s.seq for s in ledger.segments}, {1})
        cells = ledger.cells[1]
        self.assertEqual(cells['messages'], said['messages'])
        self.assertEqual(cells['heartbeats'], channel['heartbeats'])
        self.assertEqual(cells['restarts'], channel['stream_offset_breaks'])
        self.assertEqual((cells['duplicates'], cells['gaps'], cells['old_space']), (0, 0, 0))

    def test_the_same_on_two_lines(self):
        """Line B a copy of line A, packet by packet: every restart is followed, and nothing is delivered twice."""
        said = truth(DEEP)
        to, channel = next(iter(said['channels'].items()))
        cells = Ledger('iex', DEEP, [(to, (1, 'A')), (to, (1, 'B'))]).cells[1]
        self.assertEqual(cells['messages'], said['messages'])
        self.assertEqual(cells['packets'], 2 * said['packets'])
        self.assertEqual(cells['heartbeats'], 2 * channel['heartbeats'])
        self.assertEqual(cells['duplicates'], said['packets'] - channel['heartbeats'])
        self.assertEqual(cells['restarts'], channel['stream_offset_breaks'])
        self.assertEqual(cells['old_space'], 0)


class Nse(unittest.TestCase):
    """A's losses, B's, both's, duplicates, reorderings, of three streams."""

    @classmethod
    def setUpClass(cls):
        cls.streams = {int(n): s for n, s in truth(NSE)['streams'].items()}
        cls.claims = {s[line]['group']: (n, line) for n, s in cls.streams.items() for line in 'AB'}
        cls.both = Ledger('nse-mtbt', NSE, cls.claims)

    def test_lost_on_both(self):
        for n, said in self.streams.items():
            after = said['after_A_B_arbitration']
            with self.subTest(stream=n):
                self.assertEqual(self.both.told(n, 'lost'), after['missing'])
                self.assertEqual(self.both.missing(n), after['missing'])
                self.assertEqual(self.both.cells[n]['messages'], after['unique'])
                self.assertEqual(self.both.cells[n]['lost_seqs'], len(after['missing']))

    def test_each_gap_has_its_cause(self):
        """What a line's gap names, that line lost or brought later; what the other filled, the first had not brought yet."""
        for n, said in self.streams.items():
            opened = {}
            for gap in (g for g in self.both.gaps if g.stream == n):
                for seq in range(gap.first, gap.first + gap.count):
                    if gap.state == 'open':
                        self.assertNotIn(seq, opened)
                        opened[seq] = gap.line
                    elif gap.state == 'filled':
                        self.assertNotEqual(gap.line, opened[seq])
            late = [seq for seq in opened if seq not in said[opened[seq]]['lost_seqs']]
            with self.subTest(stream=n):
                self.assertLessEqual(len(late), said['A']['out_of_order'] + said['B']['out_of_order'])

    def test_losses_of_each_line_alone(self):
        for to, (n, line) in self.claims.items():
            said = self.streams[n][line]
            ledger = Ledger('nse-mtbt', NSE, {to: (n, line)})
            cells = ledger.cells[n]
            with self.subTest(stream=n, line=line):
                self.assertEqual(ledger.missing(n), said['lost_seqs'])
                self.assertLessEqual(set(ledger.told(n, 'lost')), set(said['lost_seqs']))
                self.assertEqual(ledger.told(n, 'filled'), [])
                self.assertEqual(cells['messages'], said['messages'] - said['duplicates'])
                self.assertEqual(cells['packets'], said['datagrams'])
                self.assertEqual(cells['heartbeats'], said['heartbeats'])
                self.assertEqual(cells['gap_seqs'] - cells['recovered_seqs'], len(said['lost_seqs']))

    def test_no_hold(self):
        """Lost at once, recovered by what comes after: the same is delivered."""
        ledger = Ledger('nse-mtbt', NSE, self.claims, hold_ms=0)
        for n, said in self.streams.items():
            self.assertEqual(ledger.missing(n), said['after_A_B_arbitration']['missing'])
            self.assertEqual(ledger.cells[n]['messages'], said['after_A_B_arbitration']['unique'])
            self.assertEqual(ledger.cells[n]['lost_seqs'], len(said['after_A_B_arbitration']['missing']))


if __name__ == '__main__':
    for needed in (NSE, CME6, CME9, FILTERED, DEEP):
        if not os.path.exists(os.path.join(DATA, needed)):
            vega.skip(f'need the shared capture {needed} beside the project (../shared/data), found none')
    unittest.main()
