#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`vega-journal state` from keyframes: at any time what a fold from the capture's start says, and what the live table said there.

    test_state_at.py BUILD STATELINES VEGA_GEN
"""
import glob
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import vega
import test_state

DATA_BLOCK, RECORDS, KEYFRAME, BOOK = 0xD6454702, 2, 3, 4
SECOND = 10**9
EVER = '2100-01-01T00:00:00Z'


def config(channels, every, zone='UTC', more=''):
    rows = ''.join(f'  - {{{channel}}}\n' for channel in channels)
    return (f'{vega.SMALL}journal: {{keyframe_interval: none, keyframe_records: {every}{more}}}\n'
            f'feeds:\n- name: X\n  zone: {zone}\n  frame_lane: 4MiB\n  channels:\n{rows}')


MTBT, ITCH = 'format: nse-mtbt', 'format: itch'


def blocks(path, kind):
    """Offset and stored bytes of a file's blocks of a kind."""
    with open(path, 'rb') as file:
        data = file.read()
    found, off = [], 4096
    while off + 256 <= len(data):
        kind_of, stored = struct.unpack_from('<H', data, off + 50)[0], struct.unpack_from('<I', data, off + 44)[0]
        if struct.unpack_from('<I', data, off)[0] != DATA_BLOCK or struct.unpack_from('<Q', data, off + 32)[0] != off:
            break
        if kind_of == kind:
            found.append((off, stored))
        off += stored
    return found


def flip(path, off):
    with open(path, 'r+b') as file:
        file.seek(off)
        byte = file.read(1)[0]
        file.seek(off)
        file.write(bytes([byte ^ 0x10]))


def cut_pcap(path, to, packets):
    """The first packets of a classic pcap file; returns the time of the last."""
    with open(path, 'rb') as whole, open(to, 'wb') as cut:
        head = whole.read(24)
        unit = 1 if head[:4] in (b'\x4d\x3c\xb2\xa1',) else 1000
        cut.write(head)
        for _ in range(packets):
            row = whole.read(16)
            seconds, part, captured, _ = struct.unpack('<IIII', row)
            cut.write(row + whole.read(captured))
    return seconds * SECOND + part * unit


def drop_head(path, packets):
    """Leave the first packets of a classic pcap file out: a capture that begins in the middle of the day."""
    with open(path, 'rb') as file:
        whole = file.read()
    at = 24
    for _ in range(packets):
        at += 16 + struct.unpack_from('<I', whole, at + 8)[0]
    with open(path, 'wb') as file:
        file.write(whole[:24] + whole[at:])
    return path


class StateAtTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='vega-state-at-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.journal = os.path.join(self.folder, 'journal')
        self.conf = os.path.join(self.folder, 'vega.yaml')

    def generated(self, feed, packets, *more):
        path = os.path.join(self.folder, f'{feed}.pcap')
        done = vega.run('vega-gen', '--feed', feed, '--seed', 7, '--packets', packets, *more, '-o', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def shared(self, *parts):
        path = os.path.join(vega.DATA, *parts)
        if not os.path.exists(path):
            self.skipTest(f'no {path}')
        return path

    def capture(self, text, *paths):
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(text)
        self.addCleanup(vega.forget, vega.REGION)
        done = vega.run('vega-capture', '--config', self.conf, '--region', vega.REGION, '--journal', self.journal, '--pcap', *paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = vega.run('vega-journal', 'verify', self.journal)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def state(self, at, *more, needs=0):
        done = vega.run('vega-journal', 'state', self.journal, '--at', at, '--json', *more)
        self.assertEqual(done.returncode, needs, done.stderr)
        said = vega.json.loads(done.stdout)
        said['instruments'].sort(key=lambda i: i['instrument'])
        return said

    def check_same(self, at):
        """Keyframe and records say what all records say. Returns what was said."""
        said, whole = self.state(at), self.state(at, '--from-start')
        self.assertEqual(whole['keyframes'], 0)
        self.assertEqual(said['instruments'], whole['instruments'], at)
        self.assertLessEqual(said['folded_records'], whole['folded_records'])
        return said

    def files(self, lane):
        return sorted(glob.glob(f'{self.journal}/*/X/{lane}-*.vega'))

    def check_times(self, lane, seed=1):
        """At many times: before the first keyframe, between them, at blocks' ends, at the end and after it."""
        info = vega.output('vega-journal', 'info', self.journal)
        first, last = info['first_ns'], info['last_ns']
        rng = random.Random(seed)
        times = [first - 1, first, last - 1, last, last + 10 * SECOND] + [rng.randint(first, last) for _ in range(12)]
        said = [self.check_same(t) for t in sorted(times)]
        self.assertEqual(said[0]['instruments'], [])
        self.assertEqual((said[0]['keyframes'], said[-1]['keyframes']), (0, 1))
        self.assertTrue(any(s['keyframes'] == 0 and s['instruments'] for s in said))
        self.assertGreater(len({s['folded_records'] for s in said}), 5)
        laid = sum(len(blocks(path, KEYFRAME)) for path in self.files(lane))
        self.assertGreater(laid, 2)
        return said[-1]

    def check_live(self, feed, path, packets, *more, by_symbol=False):
        """What the live table said when the packet at T was the last one."""
        half = os.path.join(self.folder, 'half.pcap')
        at = cut_pcap(path, half, packets)
        done = subprocess.run([test_state.STATELINES, feed, half, '1000000000', *more], capture_output=True, text=True,
                              encoding='latin-1', check=True)
        live = [test_state.parse_state(line) for line in done.stdout.splitlines() if line[0] == 'S']
        said = self.state(at)
        later = {i['symbol'] if by_symbol else i['instrument']: i for i in said['instruments']}
        self.assertEqual(len(later), len(live))
        for state in live:
            i = later[state.symbol if by_symbol else state.token]
            self.assertEqual([(b['px'], b['qty'], b.get('orders', 0)) for b in i['bids']], state.bids)
            self.assertEqual([(a['px'], a['qty'], a.get('orders', 0)) for a in i['asks']], state.asks)
            self.assertEqual(i['stale'], bool(state.flags & test_state.STALE))
            self.assertEqual((i.get('last', 0), i.get('volume', 0), i.get('average', 0)), (state.last, state.volume, state.average))
        return said

    def test_tops(self):
        """Thousands of instruments, so that a keyframe is many slices, each of its own position."""
        self.capture(config(['group: 224.67.0.199, port: 16642, format: iex'], 3000, 'America/New_York'), self.shared('go-iex', 'TOPS16.pcapng'))
        end = self.check_times('book')
        self.assertGreater(len(end['instruments']), 512)

    def test_deep(self):
        path = self.shared('go-iex', 'DEEP10.first25000.pcap')
        self.capture(config(['group: 224.2.3.10, port: 16648, format: iex'], 3000, 'America/New_York'), path)
        self.check_times('book')
        for packets in (9000, 20000):
            self.assertEqual(self.check_live('iex', path, packets, by_symbol=True)['keyframes'], 1)

    def test_cme(self):
        """Both lines: gaps are open and filled, and what keyframes know of them is needed."""
        path = self.shared('omi-data-packets-history', 'Cme.Mdp3.Sbe.v6.1.pcap')
        self.capture(config(['line: A, port: 14340, format: cme-mdp3', 'line: B, port: 15340, format: cme-mdp3'], 500, 'America/Chicago'), path)
        self.check_times('records')

    def test_mtbt(self):
        path = self.generated('nse-mtbt', 60000)
        self.capture(config([MTBT], 5000, 'Asia/Kolkata', ', file_size: 4MiB'), path)
        self.check_times('book')
        for packets in (10000, 40000):
            said = self.check_live('nse-mtbt', path, packets)
        self.assertEqual(said['keyframes'], 1)
        one = self.state(EVER, '--instrument', said['instruments'][3]['instrument'])
        self.assertEqual([i['instrument'] for i in one['instruments']], [said['instruments'][3]['instrument']])

    def test_gaps(self):
        """Losses on both lines: channels are stale, and sound again."""
        self.capture(config([MTBT], 2000, 'Asia/Kolkata'), self.generated('nse-mtbt', 40000, '--loss', '0.01%', '--reorder', '0.1%'))
        end = self.check_times('book')
        self.assertTrue(any(i['stale'] for i in end['instruments']))

    def test_itch(self):
        path = self.generated('itch', 30000, '--streams', 1)
        self.capture(config([ITCH], 2000, 'America/New_York'), path)
        self.check_times('book')
        self.assertEqual(self.check_live('itch', path, 26000)['keyframes'], 1)

    def over_midnight(self, feed, channel, lane):
        path = self.generated(feed, 40000, '--rate', 4000, '--start', '2025-05-28T23:59:55+05:30')
        self.capture(config([channel], 3000, 'Asia/Kolkata'), path)
        self.assertEqual(len({os.path.dirname(f) for f in self.files(lane)}), 2)
        self.check_times(lane)
        for seconds in (-1, 0, 1):
            self.check_same(f'2025-05-29T00:00:0{seconds}+05:30' if seconds >= 0 else '2025-05-28T23:59:59+05:30')

    def test_over_midnight(self):
        self.over_midnight('nse-mtbt', MTBT, 'book')

    def test_over_midnight_of_levels(self):
        self.over_midnight('nse-nnf', 'format: nse-nnf', 'records')

    def test_captures_one_after_another(self):
        """Each time the state is that of the capture that ran then."""
        first = self.generated('nse-mtbt', 20000)
        self.capture(config([MTBT], 2000, 'Asia/Kolkata'), first)
        early = self.state(EVER)
        self.generated('nse-mtbt', 20000, '--start', '2025-05-28T15:00:00+05:30')
        self.capture(config([MTBT], 2000, 'Asia/Kolkata'), first)
        self.assertEqual(self.check_same('2025-05-28T14:59:59+05:30')['instruments'], early['instruments'])
        self.assertNotEqual(self.check_same(EVER)['instruments'], early['instruments'])

    def test_damaged_keyframes(self):
        """A slice that does not check takes its keyframe with it; the one before serves, and all is the same but slower."""
        self.capture(config([MTBT], 3000, 'Asia/Kolkata'), self.generated('nse-mtbt', 40000))
        path, = self.files('book')
        whole = self.state(EVER)
        laid = blocks(path, KEYFRAME)
        for off, _ in reversed(laid[1:]):
            flip(path, off + 300)
            said = self.state(EVER, needs=65)
            self.assertEqual(said['instruments'], whole['instruments'])
            self.assertEqual(said['keyframes'], 1)
            self.assertGreater(said['folded_records'], whole['folded_records'])
        flip(path, laid[0][0] + 20)  # its header
        said = self.state(EVER, needs=65)
        self.assertEqual((said['keyframes'], said['instruments']), (0, whole['instruments']))
        self.assertNotEqual(vega.run('vega-journal', 'verify', self.journal).returncode, 0)
        self.assertEqual(self.state(EVER, '--from-start')['instruments'], whole['instruments'])

    def test_torn_keyframe(self):
        """Of many slices one is gone: none of them is used."""
        self.capture(config(['group: 224.67.0.199, port: 16642, format: iex'], 3000, 'America/New_York'), self.shared('go-iex', 'TOPS16.pcapng'))
        path, = self.files('book')
        whole = self.state(EVER)
        for off, stored in reversed(blocks(path, KEYFRAME)):  # the last one may be unfinished, and is nobody's
            with open(path, 'r+b') as file:
                file.seek(off)
                file.write(bytes(stored))
            said = self.state(EVER, needs=65)
            self.assertEqual((said['keyframes'], said['instruments']), (1, whole['instruments']))
            if said['folded_records'] > whole['folded_records']:
                break
        else:
            self.fail('a keyframe with torn slices was used')

    def test_damaged_records(self):
        """Records behind the keyframe that are gone leave all stale, those before it nothing."""
        self.capture(config([MTBT], 3000, 'Asia/Kolkata'), self.generated('nse-mtbt', 60000))
        path, = self.files('book')
        whole = self.state(EVER)
        self.assertFalse(any(i['stale'] for i in whole['instruments']))
        of_records = blocks(path, BOOK)
        flip(path, of_records[0][0] + 400)
        self.assertEqual(self.state(EVER)['instruments'], whole['instruments'])
        flip(path, of_records[-1][0] + 400)
        said = self.state(EVER, needs=65)
        self.assertTrue(said['instruments'] and all(i['stale'] for i in said['instruments']))

    def test_killed(self):
        """What a capture that was killed has laid serves; an unfinished keyframe does not."""
        path = self.generated('nse-mtbt', 400000)
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(config([MTBT], 2000, 'Asia/Kolkata'))
        self.addCleanup(vega.forget, vega.REGION)
        capture = vega.start('vega-capture', '--config', self.conf, '--region', vega.REGION, '--journal', self.journal, '--pcap', path)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and capture.poll() is None:
            if any(os.path.getsize(f) > 400000 for f in self.files('book')):
                break
            time.sleep(0.001)
        capture.kill()
        capture.communicate()
        unsealed = self.check_same(EVER)
        self.assertEqual(vega.run('vega-journal', 'recover', self.journal).returncode, 0)
        self.assertEqual(vega.run('vega-journal', 'verify', self.journal).returncode, 0)
        self.assertEqual(self.check_same(EVER)['instruments'], unsealed['instruments'])
        self.assertEqual(unsealed['keyframes'], 1)

    def test_from_the_middle_of_the_day(self):
        """What came before the capture is not known: all is stale, at any time, from keyframes or not, as the live table said."""
        for feed, channel, zone in (('nse-mtbt', MTBT, 'Asia/Kolkata'), ('itch', ITCH, 'America/New_York')):
            path = drop_head(self.generated(feed, 36000, *(['--streams', 1] if feed == 'itch' else [])), 6000)
            self.capture(config([channel], 2000, zone), path)
            end = self.check_times('book')
            self.assertTrue(end['instruments'] and all(i['stale'] for i in end['instruments']))
            said = self.check_live(feed, path, 15000)
            self.assertTrue(said['instruments'] and all(i['stale'] for i in said['instruments']))
            shutil.rmtree(self.journal)

    def test_from_the_middle_of_the_day_over_midnight(self):
        """The next day begins with empty books, and nothing is missing of them."""
        path = self.generated('nse-mtbt', 40000, '--rate', 4000, '--start', '2025-05-28T23:59:55+05:30')
        self.capture(config([MTBT], 3000, 'Asia/Kolkata'), drop_head(path, 2000))
        for at, is_stale in (('2025-05-28T23:59:59+05:30', True), (EVER, False)):
            said = self.check_same(at)['instruments']
            self.assertEqual({i['stale'] for i in said}, {is_stale}, at)

    def test_latest_of_the_living(self):
        """vega-bus latest of a running capture, and the state of its journal."""
        for dropped in (0, 2000):
            said = self.latest_of_the_living(dropped)
            self.assertEqual({i['stale'] for i in said['instruments']}, {dropped != 0})
            shutil.rmtree(self.journal)

    def latest_of_the_living(self, dropped):
        path, held = drop_head(self.generated('nse-mtbt', 8000 + dropped), dropped), os.path.join(self.folder, 'held.pcap')
        with open(path, 'rb') as file:
            session = file.read()
        at = 24
        while at < len(session):
            last, (seconds, nanos, size, wire) = at, struct.unpack_from('<IIII', session, at)
            at += 16 + size
        with open(held, 'wb') as file:  # the last packet once more, ten minutes later: at recorded pace it is waited for
            file.write(session + struct.pack('<IIII', seconds + 600, nanos, size, wire) + session[last + 16:])
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(config([MTBT], 1000, 'Asia/Kolkata'))
        self.addCleanup(vega.forget, vega.REGION)
        capture = vega.start('vega-capture', '--config', self.conf, '--region', vega.REGION, '--journal', self.journal,
                             '--pace', 'recorded', '--pcap', held)
        self.addCleanup(capture.kill)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(0.5)
            stat = vega.run('vega-bus', 'stat', '--region', vega.REGION, '--json')
            feed = [f for f in vega.json.loads(stat.stdout)['feeds'] if f['feed'] == 'X'] if stat.returncode == 0 else []
            if feed and feed[0]['packets_published'] == 8000 and feed[0]['book_settled'] == feed[0]['book_drained'] != 0:
                break
        said = self.check_same(EVER)
        self.assertEqual(said['keyframes'], 1)
        self.assertGreater(len(said['instruments']), 10)
        for i in said['instruments']:
            live = vega.output('vega-bus', 'latest', '--region', vega.REGION, '--feed', 'X', '--instrument', i['instrument'])
            self.assertEqual({k: live[k] for k in i}, i)
        capture.terminate()
        capture.communicate()
        return said


if __name__ == '__main__':
    unittest.main()
