#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""NSE's wire formats over the shared captures: the facts of *.lines.txt.gz and truth.json, message by message.

    test_feed_nse.py FEEDLINES
"""
import collections
import gzip
import itertools
import json
import os
import struct
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


PACKET, ADD, MODIFY, DELETE, REF, TRADE, LEVEL, LAST, INTEREST, OHLC, INDEX, STATUS, DEFINITION, TIME, WIDE = (
    1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 21, 22)
IS_ASK, IS_WIDE = 2, 32
SPREAD_ORDER, SPREAD_TRADE, BREAK = 16, 2, 1
Record = collections.namedtuple('Record', 'packet ns kind flags token w')


def signed(low, high=None):
    return low - (low >> 31 << 32) if high is None else (high << 32 | low) - (high >> 31 << 64)


def records(feed, name):
    """Of the fast path, WIDE and TIME put where they belong: w has the five values of a record, wide where they were."""
    got, ns = [], None
    for line in lines(feed, name, '--records'):
        packet, at, kind, flags, token, *w = map(int, line.split())
        if kind == TIME:
            ns = w[1] | w[2] << 32
        elif kind == WIDE:
            got[-1] = got[-1]._replace(w=[low | high << 32 for low, high in zip(got[-1].w, w)])
        else:
            got.append(Record(packet, at if ns is None else ns, kind, flags, token, w))
            ns = None
    return got


def check_same(case, got, said):
    """As assertEqual, but of the first difference alone: to compare long lists in full takes minutes."""
    for at, pair in enumerate(itertools.zip_longest(got, said)):
        case.assertEqual(*pair, f'item {at}')


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

    def test_every_record(self):
        """The records alone give the facts of each message, but stream and sequence."""
        got, trade = [], None
        for r in records('nse-mtbt', self.NAME):
            ts = r.ns - IST_1980 * 10**9
            if r.kind in (ADD, MODIFY, DELETE):
                kind = {ADD: 'NG', MODIFY: 'MH', DELETE: 'XJ'}[r.kind][r.w[4] & SPREAD_ORDER != 0]
                side = 'S' if r.flags & IS_ASK else 'B'
                got.append(f'{r.packet} {kind} ts={ts} oid={r.w[1] | r.w[2] << 32} tok={r.token} side={side} '
                           f'px={signed(r.w[3])} qty={r.w[0]}')
            elif r.kind == TRADE:
                trade = r
            else:
                self.assertEqual((r.kind, r.w[0], r.ns, r.token), (REF, 2, trade.ns, trade.token))
                kind = 'C' if trade.w[4] & BREAK else 'K' if trade.w[4] & SPREAD_TRADE else 'T'
                got.append(f'{r.packet} {kind} ts={ts} buy={r.w[1] | r.w[2] << 32} sell={r.w[3] | r.w[4] << 32} '
                           f'tok={r.token} px={signed(trade.w[3])} qty={trade.w[0]}')
        said = [line.split(' ') for line in facts('nse_mtbt_fo_ab.lines.txt.gz')]
        check_same(self, got, [' '.join([f[0], *f[3:]]) for f in said if f[2] != 'Z'])

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

    # What each transcode's row gives, read out of the message by the sheet's offsets: token, then value by value.
    @staticmethod
    def book_fo(row):
        token, _, status, volume, ltp = struct.unpack_from('>iHHIi', row)
        volume += (row[17:18] == b'1') << 32
        ltq, ltt, atp = struct.unpack_from('>iII', row, 22)
        levels = [struct.unpack_from('>IiHH', row, 56 + 12 * i) for i in range(10)]
        return token, status, (ltp, ltq, atp, volume), ltt, levels, struct.unpack_from('>4i', row, 198)

    @staticmethod
    def book_cm(row):
        token, _, status, volume, ltp = struct.unpack_from('>iHHqi', row)
        ltq, ltt, atp = struct.unpack_from('>iII', row, 26)
        levels = [struct.unpack_from('>QiHH', row, 60 + 16 * i) for i in range(10)]
        return token, status, (ltp, ltq, atp, volume), ltt, levels, struct.unpack_from('>4i', row, 242)

    def told_books(self, segment, market, row_bytes, book):
        for line in lines('nse-nnf', f'nse_nnf_{segment}.pcap', '--bodies'):
            packet, kind, body = line.split(' ')
            body = bytes.fromhex(body)
            if kind != '7208' or body[0] != market:
                continue
            log, = struct.unpack_from('>I', body, 8 + 4)
            for i in range(struct.unpack_from('>H', body, 8 + 40)[0]):
                token, status, last, ltt, levels, (close, *ohl) = book(body[8 + 42 + row_bytes * i:])
                yield from (('level', int(packet), log, token, n + 1, levels[n][:3], levels[n + 5][:3]) for n in range(5))
                yield 'last', int(packet), ltt, token, last
                yield 'ohlc', int(packet), log, token, (*ohl, close)
                yield 'status', int(packet), log, token, status

    def heard_books(self, segment):
        """The same out of the records. A row of 7208 begins with level 1 and ends with the totals."""
        heard = []
        for r in records('nse-nnf', f'nse_nnf_{segment}.pcap'):
            s = r.ns // 10**9 - IST_1980 if r.ns else 0
            if r.kind == LEVEL and (r.w[0] & 63) == 1 and r.flags & 4:
                heard = []
            if r.kind == LEVEL:
                word, bid, bid_qty, ask, ask_qty = r.w
                bid, ask = (signed(p & 0xFFFFFFFF) for p in (bid, ask))
                high = word >> 32
                orders = (word >> 8 & 0xFFF | (high & 0xFFFF) << 12, word >> 20 & 0xFFF | high >> 16 << 12)
                heard.append(('level', r.packet, s, r.token, word & 31, (bid_qty, bid, orders[0]), (ask_qty, ask, orders[1])))
            elif r.kind == LAST:
                heard.append(('last', r.packet, s, r.token, (signed(r.w[0]), r.w[1], r.w[2], r.w[3] | r.w[4] << 32)))
            elif r.kind == OHLC:
                heard.append(('ohlc', r.packet, s, r.token, tuple(signed(v) for v in r.w[:4])))
            elif r.kind == STATUS and r.w[0] == 7208:
                heard.append(('status', r.packet, s, r.token, r.w[1] & 0xFFFF))
            elif r.kind == STATUS and r.w[0] == 7208 | 1 << 16:
                yield from heard

    def check_books(self, segment, market, row_bytes, book):
        said = list(self.told_books(segment, market, row_bytes, book))
        self.assertGreater(len(said), 1000)
        check_same(self, self.heard_books(segment), said)

    def test_every_book_derivatives(self):
        self.check_books('fo', 2, 214, self.book_fo)

    def test_every_book_equity(self):
        self.check_books('cm', 4, 262, self.book_cm)

    def test_every_key_has_records(self):
        """Each token of the facts has a record in its datagram, each index name its own number."""
        for segment in ('fo', 'cm'):
            said, heard, names = set(), set(), {}
            for r in records('nse-nnf', f'nse_nnf_{segment}.pcap'):
                if r.kind == DEFINITION:
                    part = struct.pack('<4I', *r.w[1:5])
                    names[r.token] = names.get(r.token, b'') + part
                heard.add((r.packet, r.token))
            names = {token: text.rstrip(b'\0').decode() for token, text in names.items()}
            heard = {(packet, names.get(token, str(token))) for packet, token in heard}
            for line in facts(f'nse_nnf_{segment}.lines.txt.gz'):
                packet, kind, _, _, keys = line.split(' ', 4)
                keys = keys.removeprefix('keys=')
                keys = [keys.replace(',', '/')] if kind == '7211' else keys.split(',') if keys else []
                said |= {(int(packet), key) for key in keys}
            self.assertGreater(len(said), 1000)
            self.assertEqual(said - heard, set())

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
