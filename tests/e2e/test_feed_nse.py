#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""NSE's wire formats over the shared captures: the facts of *.lines.txt.gz and truth.json, message by message.

    test_feed_nse.py FEEDLINES
"""
import collections
import gzip
import json
import os
import subprocess
import sys
import unittest

import vega

FEEDLINES = sys.argv.pop(1)
DATA = os.path.join(vega.SHARED, 'data', 'nse-synthetic')
IST_1980 = 315532800 - 19800


def lines(feed, name, *more):
    done = subprocess.run([FEEDLINES, feed, os.path.join(DATA, name), *more], capture_output=True, timeout=120)
    assert done.returncode == 0, f'{feed} {name}: {done.returncode} {done.stderr!r}'
    return done.stdout.decode('latin-1').splitlines()


def facts(name):
    with gzip.open(os.path.join(DATA, name), 'rt', encoding='latin-1') as file:
        return file.read().splitlines()


def truth(name):
    with open(os.path.join(DATA, 'truth.json'), encoding='utf-8') as file:
        return next(f for f in json.load(file)['files'] if f['file'] == name)


class Mtbt(unittest.TestCase):
    NAME = 'nse_mtbt_fo_ab.pcap'

    def test_every_message(self):
        """Ours in the shape of the facts: packet, stream and source, sequence, type, fields."""
        source = {s[line]['group']: f'{n}{line}' for n, s in truth(self.NAME)['streams'].items() for line in 'AB'}
        got = []
        for line in lines('nse-mtbt', self.NAME):
            packet, to, seq, stream, kind, length, rest = line.split(' ', 6)
            self.assertEqual(source[to][:-1], stream)
            self.assertIn(length, ('len=38', 'len=45', 'len=13'))
            kind = kind.removeprefix('type=')
            got.append(' '.join([packet, source[to]] + ([seq] if kind != 'Z' else []) + [kind, rest]))
        self.assertEqual(got, facts('nse_mtbt_fo_ab.lines.txt.gz'))

    def test_counts(self):
        for stream, said in truth(self.NAME)['streams'].items():
            for source in 'AB':
                at = [line.split(' ') for line in self.all if line.split(' ')[1] == said[source]['group']]
                kinds = collections.Counter(f[4].removeprefix('type=') for f in at)
                heartbeats = kinds.pop('Z')
                seen = {int(f[2]) for f in at if f[2] != '-1'}
                with self.subTest(stream=stream, source=source):
                    self.assertEqual(heartbeats, said[source]['heartbeats'])
                    self.assertEqual(kinds, said[source]['types_received'])
                    self.assertEqual(sum(kinds.values()), said[source]['messages'])
                    self.assertEqual(len({f[0] for f in at}), said[source]['datagrams'])
                    self.assertEqual(sorted(set(range(1, said['last_seq_published'] + 1)) - seen), said[source]['lost_seqs'])

    def test_every_cut(self):
        self.assertRegex(lines('nse-mtbt', self.NAME, '--cut')[0], r'^[1-9]\d+ cuts$')

    @classmethod
    def setUpClass(cls):
        cls.all = lines('nse-mtbt', cls.NAME)


class Nnf(unittest.TestCase):
    """Both segments: datagram, transcode, BCSeqNo, records, keys of each entry; the counts of truth.json."""

    def check(self, segment):
        name = f'nse_nnf_{segment}.pcap'
        said = truth(name)
        got, entries, records = [], collections.Counter(), collections.Counter()
        for line in lines('nse-nnf', name):
            packet, to, seq, _, kind, _, recs, keys = line.split(' ', 7)
            self.assertEqual(to, said['group'])
            kind = kind.removeprefix('type=')
            entries[kind] += 1
            records[kind] += int(recs.removeprefix('recs='))
            got.append(f'{packet} {kind} seq={seq} {recs} {keys}')
        self.assertEqual(got, facts(f'nse_nnf_{segment}.lines.txt.gz'))
        self.assertEqual(entries, said['by_transcode'])
        self.assertEqual(records, said['records_by_transcode'])
        self.assertEqual(sum(entries.values()), said['messages'])

    def test_derivatives(self):
        self.check('fo')

    def test_equity(self):
        self.check('cm')

    def test_every_cut(self):
        for segment in ('fo', 'cm'):
            self.assertRegex(lines('nse-nnf', f'nse_nnf_{segment}.pcap', '--cut')[0], r'^[1-9]\d+ cuts$')


class Malformed(unittest.TestCase):
    """nse_malformed.pcap, case by case: decoded where its name says good, else malformed."""
    NAME = 'nse_malformed.pcap'
    # Sound by themselves: who knows the group's stream can refuse the first, nobody the second (a sequence is 32 bits wide).
    # The third is longer than its frame by IP's word, whole by UDP's.
    SOUND = {'mtbt_wrong_stream_for_group', 'mtbt_seq_uint_max', 'ip_total_length_past_end'}
    FIRST_IS_WHOLE = {'mtbt_two_msgs_second_cut', 'nnf_npackets_more_than_present'}
    NO_PAYLOAD = {'snaplen_cut_40_of_80', 'ihl_15_past_end', 'ip_first_fragment'}

    def check(self, feed, prefixes):
        ours = collections.defaultdict(list)
        for line in lines(feed, self.NAME):
            ours[int(line.split(' ')[0])].append(line)
        for case in truth(self.NAME)['cases']:
            name = case['case']
            if not name.startswith(prefixes):
                continue
            got = ours[case['packet']]
            with self.subTest(name):
                messages = [line for line in got if ' type=' in line]
                if name in self.NO_PAYLOAD:
                    self.assertEqual(got, [f'{case["packet"]} none'])
                    continue
                good = 'good' in name or name in self.SOUND
                self.assertEqual(got[-1].endswith(' malformed'), not good, got)
                self.assertEqual(len(messages), 1 if good or name in self.FIRST_IS_WHOLE else 0)

    def test_mtbt(self):
        self.check('nse-mtbt', ('mtbt_', 'snaplen_', 'vlan_', 'ip_', 'udp_', 'ihl_'))

    def test_nnf(self):
        self.check('nse-nnf', 'nnf_')

    def test_every_cut(self):
        for feed in ('nse-mtbt', 'nse-nnf'):
            lines(feed, self.NAME, '--cut')


if __name__ == '__main__':
    if not os.path.isdir(DATA):
        vega.skip('need the shared NSE captures beside the project (../shared/data/nse-synthetic), found none')
    unittest.main()
