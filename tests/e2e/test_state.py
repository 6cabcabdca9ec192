#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The state table against books kept here from the messages' lines, at every thousandth message and at the end.

    test_state.py BUILD STATELINES VEGA_GEN

The reference is as plain as can be: an order is an entry of a dict, a side a dict from price to quantity, its levels sorted when they
are asked for. It knows nothing of records.
"""
import collections
import glob
import os
import struct
import subprocess
import sys
import tempfile
import unittest

import vega

STATELINES, VEGA_GEN = sys.argv.pop(1), sys.argv.pop(1)
DATA = os.path.join(vega.SHARED, 'data')
STALE, HAS_LAST, HAS_VOLUME = 1, 2, 8
State = collections.namedtuple('State', 'token symbol flags last qty volume average bids asks')


class Instrument:
    """Sides map a price to [quantity, orders]; levels by number are lists of [price, quantity, orders]."""

    def __init__(self):
        self.sides = ({}, {})
        self.last = self.last_qty = None
        self.volume = self.turnover = 0

    def levels(self, side):
        prices = sorted(self.sides[side], reverse=side == 0)
        return [(p, *self.sides[side][p]) for p in prices[:10]]

    def trade(self, price, qty):
        self.last, self.last_qty = price, qty
        self.volume += qty
        self.turnover += price * qty

    def change(self, side, price, qty, orders):
        level = self.sides[side].setdefault(price, [0, 0])
        level[0] += qty
        level[1] += orders
        if level[1] == 0:
            del self.sides[side][price]


class Orders:
    """Books of orders, each [side, price, quantity]."""

    def __init__(self):
        self.instruments = collections.defaultdict(Instrument)
        self.orders = {}

    def add(self, name, oid, side, price, qty):
        self.drop(name, oid)
        if qty:
            self.orders[name, oid] = [side, price, qty]
            self.instruments[name].change(side, price, qty, 1)

    def drop(self, name, oid):
        order = self.orders.pop((name, oid), None)
        if order:
            self.instruments[name].change(order[0], order[1], -order[2], -1)

    def reduce(self, name, oid, qty):
        order = self.orders.get((name, oid))
        if order is None:
            return
        if qty >= order[2]:
            self.drop(name, oid)
            return
        order[2] -= qty
        self.instruments[name].change(order[0], order[1], -qty, 0)


class Mtbt(Orders):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def message(self, _port, seq, stream, m):
        if m['type'] not in 'NMXTC' or (stream, seq) in self.seen:
            return
        self.seen.add((stream, seq))
        name, qty, price = int(m['tok']), int(m['qty']), int(m['px'])
        if m['type'] == 'X':
            self.drop(name, m['oid'])
        elif m['type'] in 'NM':
            self.add(name, m['oid'], 'BS'.index(m['side']), price, qty)
        elif m['type'] == 'T':
            self.instruments[name].trade(price, qty)
            for oid in (m['buy'], m['sell']):
                self.reduce(name, oid, qty)
        elif self.instruments[name].volume >= qty:
            self.instruments[name].volume -= qty
            self.instruments[name].turnover -= price * qty


class Itch(Orders):
    def message(self, _port, _seq, _stream, m):
        name, kind = int(m['locate']), m['type']
        if kind in 'AF':
            self.add(name, m['ref'], 'BS'.index(m['side']), int(m['price']), int(m['shares']))
        elif kind in 'EC':
            order = self.orders.get((name, m['ref']))
            price = int(m['price']) if kind == 'C' else order and order[1]
            if price is not None and m.get('print') != 'N':
                self.instruments[name].trade(price, int(m['shares']))
            self.reduce(name, m['ref'], int(m['shares']))
        elif kind == 'X':
            self.reduce(name, m['ref'], int(m['shares']))
        elif kind == 'D':
            self.drop(name, m['ref'])
        elif kind == 'U' and (name, m['ref']) in self.orders:
            side = self.orders[name, m['ref']][0]
            self.drop(name, m['ref'])
            self.add(name, m['newref'], side, int(m['price']), int(m['shares']))
        elif kind in 'PQ':
            self.instruments[name].trade(int(m['price']), int(m['shares']))


class Iex(Orders):
    def message(self, _port, _seq, _stream, m):
        name, kind = m.get('sym'), m['type']
        if kind in '85':
            self.instruments[name].sides['85'.index(kind)].pop(int(m['price']), None)
            if int(m['size']):
                self.instruments[name].sides['85'.index(kind)][int(m['price'])] = [int(m['size']), 0]
        elif kind == 'Q':
            sides = self.instruments[name].sides
            for side, price, qty in ((sides[0], m['bpx'], m['bsz']), (sides[1], m['apx'], m['asz'])):
                side.clear()
                if int(qty):
                    side[int(price)] = [int(qty), 0]
        elif kind == 'T':
            self.instruments[name].trade(int(m['price']), int(m['size']))
        elif kind == 'B' and self.instruments[name].volume >= int(m['size']):
            self.instruments[name].volume -= int(m['size'])
        elif kind == 'a':
            self.add(name, m['oid'], '85'.index(chr(int(m['f']))), int(m['price']), int(m['size']))
        elif kind == 'M' and (name, m['oid']) in self.orders:
            self.add(name, m['oid'], self.orders[name, m['oid']][0], int(m['price']), int(m['size']))
        elif kind == 'R':
            self.drop(name, m['oid'])
        elif kind == 'L':
            self.instruments[name].trade(int(m['price']), int(m['size']))
            self.reduce(name, m['oid'], int(m['size']))


class ByNumber(Instrument):
    def __init__(self):
        super().__init__()
        self.lists = ([], [])

    def levels(self, side):
        kept = [tuple(level) for level in self.lists[side][:10]]
        while kept and kept[-1][1] == 0:
            kept.pop()
        return kept


class Mdp3:
    """Levels by number. Both lines: the second copy of a packet is left out."""

    def __init__(self):
        self.instruments = collections.defaultdict(ByNumber)
        self.ports = {}
        self.last_seq = 0

    def message(self, port, seq, _stream, m):
        if seq < self.last_seq or (seq == self.last_seq and self.ports.get(seq, port) != port):
            return
        self.last_seq = seq
        self.ports[seq] = port
        entries = [e.split('/') for e in m.get('entries', '').split(';') if e]
        if m['type'] == '32':
            for e in entries:
                self.level(*e)
        elif m['type'] == '42':
            for px, qty, sec, *_ in entries:
                self.instruments[int(sec)].trade(int(px), int(qty))
        elif m['type'] == '37':
            for qty, sec, *_ in entries:
                self.instruments[int(sec)].volume = int(qty)

    def level(self, px, size, sec, _rpt, norders, level, action, kind):
        if kind not in '01':
            return
        levels, at = self.instruments[int(sec)].lists[int(kind)], int(level) - 1
        new = [int(px), int(size), int(norders)]
        while len(levels) < max(at + 1, 10):
            levels.append([0, 0, 0])
        if action in '15':
            levels[at] = new
        elif action == '0':
            levels.insert(at, new)
        elif action == '2':
            del levels[at]
        elif action == '3':
            del levels[:at + 1]
        elif action == '4':
            del levels[at:]
        del levels[10:]


def parse_levels(text):
    n = [int(x) for x in text.split()]
    return list(zip(n[::3], n[1::3], n[2::3]))


def parse_state(line):
    head, bids, asks = line.split('|')
    _, token, rest = head.split(' ', 2)
    symbol, flags, last, qty, volume, average = rest.rsplit(' ', 5)
    return State(int(token), symbol, int(flags), int(last), int(qty), int(volume), int(average), parse_levels(bids), parse_levels(asks))


def fields(text):
    """key=value pairs; a value may hold blanks."""
    m, key = {}, None
    for part in text.split(' '):
        if '=' in part:
            key, _, value = part.partition('=')
            m[key] = value
        elif key:
            m[key] += ' ' + part
    return m


def capture(*parts):
    return os.path.join(DATA, *parts)


class StateTest(unittest.TestCase):
    def check(self, state, name, want):
        self.assertEqual(state.bids, want.levels(0), f'bids of {name}')
        self.assertEqual(state.asks, want.levels(1), f'asks of {name}')
        if want.last is not None:
            self.assertTrue(state.flags & HAS_LAST, name)
            self.assertEqual((state.last, state.qty), (want.last, want.last_qty), f'last of {name}')
        if state.flags & HAS_VOLUME:
            self.assertEqual(state.volume, want.volume, f'volume of {name}')

    def run_through(self, reference, feed, path, *more, by_symbol=False, every=1000):
        """Feed the reference with lines, compare where the table was read. Returns (comparisons, states, counters)."""
        if not os.path.exists(path):
            self.skipTest(f'no {path}')
        compared, states, counters = 0, {}, []
        run = subprocess.Popen([STATELINES, feed, path, str(every), *more], stdout=subprocess.PIPE, text=True, encoding='latin-1')
        with run:
            for line in run.stdout:
                if line[0] == 'L':
                    _, port, seq, stream, text = line.rstrip('\n').split(' ', 4)
                    reference.message(port, int(seq), int(stream), fields(text))
                elif line[0] == 'S':
                    state = parse_state(line.rstrip('\n'))
                    states[state.symbol if by_symbol else state.token] = state
                elif line[0] == 'T':
                    counters = [int(x) for x in line.split()[1:]]
                elif states is not None:
                    for name, want in reference.instruments.items():
                        if name in states:
                            self.check(states[name], name, want)
                            compared += 1
                        else:
                            self.assertEqual(want.levels(0) + want.levels(1), [], name)
        self.assertEqual(run.returncode, 0)
        self.assertGreater(compared, 0)
        print(f'  {os.path.basename(path)}: {len(states)} instruments, {compared} compared, counters {counters}', file=sys.stderr)
        return states, counters

    def test_deep(self):
        states, counters = self.run_through(Iex(), 'iex', capture('go-iex', 'DEEP10.first25000.pcap'), by_symbol=True)
        self.assertEqual(counters[1:4], [0, 0, 0])
        self.assertFalse(any(s.flags & STALE for s in states.values()))

    def test_tops(self):
        states, _ = self.run_through(Iex(), 'iex', capture('go-iex', 'TOPS16.pcapng'), by_symbol=True)
        self.assertFalse(any(s.flags & STALE for s in states.values()))

    def test_cme(self):
        self.run_through(Mdp3(), 'cme-mdp3', capture('omi-data-packets-history', 'Cme.Mdp3.Sbe.v6.1.pcap'), '15')

    def test_mtbt_look_alike(self):
        """With losses on both lines, reordering, spreads."""
        self.run_through(Mtbt(), 'nse-mtbt', capture('nse-synthetic', 'nse_mtbt_fo_ab.pcap'), '10')

    def generated(self, feed, packets, *more):
        path = os.path.join(self.folder.name, f'{feed}.pcap')
        subprocess.run([VEGA_GEN, '--feed', feed, '--seed', '7', '--packets', str(packets), *more, '-o', path], check=True,
                       capture_output=True)
        return path

    def live_and_later(self, feed, text, path, *more, by_symbol=False):
        """What `vega-journal state` says of the journal's end is what the live table said there."""
        if not os.path.exists(path):
            self.skipTest(f'no {path}')
        conf, journal = os.path.join(self.folder.name, 'vega.yaml'), os.path.join(self.folder.name, 'journal')
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(text)
        self.addCleanup(vega.forget, vega.REGION)
        done = vega.run('vega-capture', '--config', conf, '--region', vega.REGION, '--journal', journal, '--pcap', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([STATELINES, feed, path, '1000000000', *more], capture_output=True, text=True, encoding='latin-1', check=True)
        live = [parse_state(line) for line in done.stdout.splitlines() if line[0] == 'S']
        said = vega.output('vega-journal', 'state', journal, '--at', '2100-01-01T00:00:00Z', '--config', conf)
        later = {i['symbol'] if by_symbol else i['instrument']: i for i in said['instruments'] if i['feed'] == 'X'}
        self.assertEqual(len(later), len(live))
        for state in live:
            i = later[state.symbol if by_symbol else state.token]
            self.assertEqual([(b['px'], b['qty'], b.get('orders', 0)) for b in i['bids']], state.bids)
            self.assertEqual([(a['px'], a['qty'], a.get('orders', 0)) for a in i['asks']], state.asks)
            self.assertEqual(i['stale'], bool(state.flags & STALE))
            self.assertEqual((i.get('last', 0), i.get('volume', 0), i.get('average', 0)), (state.last, state.volume, state.average))
        one = vega.output('vega-journal', 'state', journal, '--at', '2100-01-01T00:00:00Z', '--config', conf, '--instrument',
                          str(live[0].token))
        self.assertEqual([i['instrument'] for i in one['instruments']], [live[0].token])
        return conf, journal

    def test_state_of_a_journal_of_levels(self):
        text = vega.SMALL + ('feeds:\n- name: X\n  zone: America/Chicago\n  frame_lane: 2MiB\n  channels:\n'
                             '    - {line: A, port: 14340, format: cme-mdp3}\n    - {line: B, port: 15340, format: cme-mdp3}\n')
        _, journal = self.live_and_later('cme-mdp3', text, capture('omi-data-packets-history', 'Cme.Mdp3.Sbe.v6.1.pcap'), '15')
        at = ('--at', '2100-01-01T00:00:00Z')
        unknown = vega.run('vega-journal', 'state', journal, *at, '--instrument', 'NOSUCH')
        self.assertEqual((unknown.returncode, unknown.stdout), (0, 'nothing is known of NOSUCH at that time\n'))
        for verb in (('state', *at), ('seek', *at), ('gaps',)):
            done = vega.run('vega-journal', verb[0], journal, *verb[1:], '--feed', 'NOSUCH')
            self.assertEqual(done.returncode, 66)
            self.assertIn("need a feed of this journal, found 'NOSUCH'", done.stderr)

    def test_state_of_a_journal_of_prices(self):
        text = vega.SMALL + ('feeds:\n- name: X\n  zone: America/New_York\n  frame_lane: 2MiB\n  channels:\n'
                             '    - {group: 224.2.3.10, port: 16648, format: iex}\n')
        self.live_and_later('iex', text, capture('go-iex', 'DEEP10.first25000.pcap'), by_symbol=True)

    def test_state_of_a_journal_of_orders(self):
        text = vega.SMALL + ('feeds:\n- name: X\n  zone: Asia/Kolkata\n  frame_lane: 2MiB\n  channels:\n'
                             '    - {format: nse-mtbt}\n')
        path = self.generated('nse-mtbt', 20000)
        conf, journal = self.live_and_later('nse-mtbt', text, path)
        said = vega.output('vega-journal', 'state', journal, '--at', '2100-01-01T00:00:00Z', '--config', conf)
        for file in glob.glob(f'{journal}/*/X/book-*.vega'):
            os.unlink(file)  # the books are made again from the orders
        again = vega.output('vega-journal', 'state', journal, '--at', '2100-01-01T00:00:00Z', '--config', conf)
        self.assertEqual([{**i, 'position': 0} for i in again['instruments']], [{**i, 'position': 0} for i in said['instruments']])
        refused = vega.run('vega-journal', 'state', journal, '--at', '2100-01-01T00:00:00Z')
        self.assertIn('--config', refused.stderr)
        self.assertNotEqual(refused.returncode, 0)
        # An instant in the middle is what a capture of the first half ends with.
        half = os.path.join(self.folder.name, 'half.pcap')
        with open(path, 'rb') as whole, open(half, 'wb') as cut:
            cut.write(whole.read(24))
            for _ in range(10000):
                head = whole.read(16)
                seconds, ns, captured, _ = struct.unpack('<IIII', head)
                cut.write(head + whole.read(captured))
        done = subprocess.run([STATELINES, 'nse-mtbt', half, '1000000000'], capture_output=True, text=True, check=True)
        live = {s.token: s for s in (parse_state(line) for line in done.stdout.splitlines() if line[0] == 'S')}
        said = vega.output('vega-journal', 'state', journal, '--at', str(seconds * 10**9 + ns), '--config', conf)
        self.assertEqual({i['instrument']: [(b['px'], b['qty'], b['orders']) for b in i['bids']] for i in said['instruments']},
                         {token: s.bids for token, s in live.items()})

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix='vega-state-')
        self.addCleanup(self.folder.cleanup)

    def test_generated_mtbt(self):
        states, counters = self.run_through(Mtbt(), 'nse-mtbt', self.generated('nse-mtbt', 100000))
        self.assertEqual(counters[1:4], [0, 0, 0])
        self.assertFalse(any(s.flags & STALE for s in states.values()))

    def test_generated_itch(self):
        states, counters = self.run_through(Itch(), 'itch', self.generated('itch', 30000, '--streams', '1'))
        self.assertEqual(counters[1:4], [0, 0, 0])
        self.assertFalse(any(s.flags & STALE for s in states.values()))

    def late(self, reference, feed, *more):
        """Two lines that lose packets and bring others late: what is not stale at the end is what the messages say in their order."""
        path = self.generated(feed, 20000, '--ab', '--loss', '0.5%', '--reorder', '1%', '--streams', '1')
        done = subprocess.run([STATELINES, feed, path, '1000000000', *more], capture_output=True, text=True, encoding='latin-1', check=True)
        messages, states = {}, {}
        for line in done.stdout.splitlines():
            if line[0] == 'L':
                _, port, seq, stream, text = line.split(' ', 4)
                messages[int(stream), int(seq)] = port, fields(text)
            elif line[0] == 'S':
                state = parse_state(line)
                states[state.token] = state
        for (stream, seq), (port, m) in sorted(messages.items(), key=lambda item: item[0]):
            reference.message(port, seq, stream, m)
        sound = [s for s in states.values() if not s.flags & STALE]
        for state in sound:
            want = reference.instruments[state.token]
            self.assertEqual((state.bids, state.asks), (want.levels(0), want.levels(1)), state.token)
            self.assertEqual(state.volume, want.volume, state.token)
        print(f'  {feed}: {len(messages)} messages, {len(sound)} of {len(states)} instruments sound', file=sys.stderr)
        self.assertGreater(len(sound), len(states) // 2)

    def test_late_mtbt(self):
        self.late(Mtbt(), 'nse-mtbt', '177')

    def test_late_itch(self):
        self.late(Itch(), 'itch')

    def test_generated_iex(self):
        self.run_through(Iex(), 'iex', self.generated('iex', 30000, '--streams', '1'), by_symbol=True)


if __name__ == '__main__':
    unittest.main()
