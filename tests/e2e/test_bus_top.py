# SPDX-License-Identifier: BSD-3-Clause
"""vega-bus latest and vega-bus top over a captured session, against books kept by the plain reference of test_state.py.

    test_bus_top.py BUILD STATELINES VEGA_GEN
"""
import glob
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import vega
import test_state
from terminal import Terminal

PACKETS, PPS = 20000, 10000
KEYS = 'q quit'
CONFIG = vega.SMALL.replace('2MiB', '16MiB') + '''feeds:
- name: NSE_FO
  zone: Asia/Kolkata
  price_scale: 2
  frame_lane: 64MiB
  channels:
''' + ''.join(f'  - {{group: 239.70.70.4{s}, port: 1774{s}, line: A, format: nse-mtbt, stream: {s}}}\n' for s in (1, 2, 3))


def held_open(path):
    """The session, and its last packet once more ten minutes later: a capture at recorded pace waits for it."""
    with open(path, 'rb') as file:
        session = file.read()
    at = 24
    while at < len(session):
        last, (seconds, nanos, size, wire) = at, struct.unpack_from('<IIII', session, at)
        at += 16 + size
    return session + struct.pack('<IIII', seconds + 600, nanos, size, wire) + session[last + 16:]


def price(value):
    return f'{value // 100}.{value % 100:02}'


class TopTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix='vega-top-')
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.session, cls.config = os.path.join(cls.dir, 'session.pcap'), os.path.join(cls.dir, 'vega.yaml')
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--packets', PACKETS, '--rate', PPS, '-o', cls.session)
        assert done.returncode == 0, done.stderr
        cls.books = test_state.Mtbt()
        lines = subprocess.run([test_state.STATELINES, 'nse-mtbt', cls.session, '1000000000'], check=True, capture_output=True,
                               encoding='latin-1', timeout=120).stdout
        for line in lines.splitlines():
            if line[0] == 'L':
                _, port, seq, stream, text = line.split(' ', 4)
                cls.books.message(port, int(seq), int(stream), test_state.fields(text))
        cls.books = cls.books.instruments
        held = held_open(cls.session)
        with open(cls.session, 'wb') as file:
            file.write(held)
        with open(cls.config, 'w', encoding='utf-8') as file:
            file.write(CONFIG)
        cls.traded = [n for n, b in cls.books.items() if b.last is not None and b.levels(0) and b.levels(1)]

    def setUp(self):
        self.addCleanup(vega.forget, vega.REGION)

    def capture(self):
        process = subprocess.Popen([vega.program('vega-capture'), '--config', self.config, '--region', vega.REGION, '--pcap',
                                    self.session, '--pace', 'recorded'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        self.wait_for(lambda: self.stat().get('pid') == process.pid)
        return process

    def captured(self):
        """A capture that has taken the whole session, and waits."""
        process = self.capture()
        self.wait_for(lambda: self.stat()['packets_received'] == PACKETS)
        return process

    @staticmethod
    def stat():
        done = vega.run('vega-bus', 'stat', '--region', vega.REGION, '--json')
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def wait_for(self, what, seconds=120):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, 'waited in vain')
            time.sleep(0.05)

    def top(self, rows, cols, *args, term='vt100'):
        command = [vega.program('vega-bus'), 'top', '--region', vega.REGION, '--interval', '200ms', *args]
        terminal = Terminal(command, rows, cols, term)
        self.addCleanup(terminal.close)
        return terminal

    def check_end(self, terminal, status=0):
        got, said, restored = terminal.end()
        self.assertEqual(got, status, said)
        self.assertTrue(restored, 'the terminal is not as it was')
        self.assertEqual(terminal.screen.unknown, set())
        return said

    def latest(self, *args):
        return vega.run('vega-bus', 'latest', '--region', vega.REGION, *args)

    # ---- latest

    def check_latest(self, name):
        book, got = self.books[name], vega.output('vega-bus', 'latest', '--region', vega.REGION, '--feed', 'NSE_FO', '--instrument', name)
        self.assertEqual((got['feed'], got['instrument'], got['price_scale'], got['stale']), ('NSE_FO', name, 2, False))
        for side, key in enumerate(('bids', 'asks')):
            self.assertEqual([(x['px'], x['qty'], x['orders']) for x in got[key]], book.levels(side), f'{key} of {name}')
        self.assertEqual((got['last'], got['last_qty'], got['volume']), (book.last, book.last_qty, book.volume))
        self.assertGreaterEqual(got['recv_ns'], got['exch_ns'])

    def test_latest(self):
        self.captured()
        self.assertGreater(len(self.traded), 10)
        for name in self.traded[:20]:
            self.check_latest(name)
        name = self.traded[0]
        text = self.latest('--feed', 'NSE_FO', '--instrument', name).stdout
        self.assertTrue(text.startswith(f'NSE_FO {name}\n'), text)
        book = self.books[name]
        self.assertRegex(text, rf'(?m)^  last +{price(book.last)}$')
        bid, ask = book.levels(0)[0], book.levels(1)[0]
        self.assertRegex(text, rf'(?m)^ *{bid[2]} +{bid[1]} +{price(bid[0])}   {price(ask[0])} +{ask[1]} +{ask[2]}$')
        for args, status in ((('--feed', 'NSE_FO', '--instrument', '1'), 66), (('--feed', 'NSE_FO', '--instrument', 'NO_SUCH'), 66),
                             (('--feed', 'NO_SUCH', '--instrument', '1'), 66), (('--feed', 'default', '--instrument', '1'), 66),
                             (('--feed', 'NSE_FO'), 64)):
            done = self.latest(*args)
            self.assertEqual((done.returncode, done.stdout), (status, ''), done)
            self.assertTrue(status == 64 or vega.one_line(done.stderr), done.stderr)

    # ---- top

    def check_ladder(self, terminal, name):
        """The values and all levels of an instrument, as the reference has them."""
        book = self.books[name]
        terminal.until(rf'NSE_FO {name}\b')
        terminal.until(rf'last {price(book.last)}  x {book.last_qty}\b')
        bids, asks = book.levels(0), book.levels(1)
        for (bid, bid_qty, _), (ask, ask_qty, _) in zip(bids, asks):
            terminal.until(rf'\b{bid_qty} +{price(bid)}  {price(ask)} +{ask_qty}\b')

    def test_sizes(self):
        """24 by 80 shows all of it; a small one what has room; none runs over its edge."""
        self.captured()
        name = self.traded[0]
        for rows, cols in ((24, 80), (60, 200)):
            with self.subTest(rows=rows):
                terminal = self.top(rows, cols, '--feed', 'NSE_FO', '--instrument', str(name))
                self.check_ladder(terminal, name)
                terminal.until(r'^>NSE_FO ')
                terminal.until(r'^ default ')
                terminal.until(r'FEED +PKT/S +REC/S +DROPS +LOST +GAPS +SEQLOST +LAG +LOAD')
                terminal.until(rf'\A{vega.REGION}: live ')
                terminal.until(rf'^{KEYS} .* w pins\Z')
                terminal.type('q')
                self.check_end(terminal)
        for rows, cols in ((5, 20), (1, 1), (2, 400)):
            with self.subTest(rows=rows, cols=cols):
                terminal = self.top(rows, cols)
                terminal.until(re.escape('q quit  Up/Down PgUp'[:cols]))
                terminal.type('jjj')
                terminal.type('q')
                self.check_end(terminal)

    def test_rates(self):
        self.capture()
        terminal = self.top(24, 80)
        found = terminal.until(r'^>NSE_FO +(\d[\d.]* ?k?) +(\d[\d.]* ?k?) +0 +0 +0 +0 +- +\d+%', 10)
        found = terminal.until(r'^>NSE_FO +([1-9][\d.]*) k +([1-9][\d.]*) k +0 ', 10)
        self.assertLess(float(found[1]), 100)
        terminal.type('q')
        self.check_end(terminal)

    def test_keys(self):
        self.captured()
        terminal = self.top(24, 80)
        first = terminal.until(r'NSE_FO (\d+)$')[1]
        terminal.type('\x1bOB')
        terminal.until(rf'NSE_FO (?!{first})\d+$')
        terminal.type('k')
        terminal.until(rf'NSE_FO {first}$')
        for name in self.traded[3:6]:
            terminal.type(f'/{name}\r')
            self.check_ladder(terminal, name)
            terminal.until(rf'^[ *]{name} +{price(self.books[name].last)}\b')
        terminal.type(' ')
        terminal.until(rf'^\*{name} ')
        terminal.type('w')
        terminal.until(r'^ PINNED')
        terminal.until(rf'^ PINNED.*\n\*{name} .*\n(?![ *]\d)')
        terminal.type('w')
        terminal.until(r'^ INSTRUMENT')
        terminal.type('/NO_SUCH\r')
        terminal.until(r"^no instrument 'NO_SUCH' yet")
        terminal.type('\t')
        terminal.until(r'^no other feed has a state table')
        terminal.type('/12x\x7f\x1b')
        terminal.until(rf'^{KEYS}')
        terminal.type('G')
        last = terminal.until(rf'NSE_FO (?!{name})(\d+)$')[1]
        terminal.type('g')
        terminal.until(rf'NSE_FO {first}$')
        self.assertNotEqual(first, last)
        terminal.type('q')
        self.check_end(terminal)

    def test_signals(self):
        self.captured()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            terminal = self.top(24, 80)
            terminal.until(KEYS)
            terminal.process.send_signal(number)
            self.check_end(terminal)
        terminal = self.top(24, 80)
        terminal.until(KEYS)
        terminal.type('\x03')  # as the terminal's own
        self.check_end(terminal)

    def test_resize(self):
        self.captured()
        terminal = self.top(24, 80)
        for rows, cols in ((60, 200), (5, 20), (24, 80)):
            terminal.resize(rows, cols)
            terminal.until(rf'\A{vega.REGION[:8]}')
            terminal.until(r'^q quit  Up/Down PgU[^\n]*\Z')
            self.assertEqual(len(terminal.screen.lines()), rows)
        self.check_ladder(terminal, int(terminal.until(r'NSE_FO (\d+)$')[1]))
        terminal.type('q')
        self.check_end(terminal)

    def test_capture_ends_and_restarts(self):
        capture = self.captured()
        name = self.traded[1]
        terminal = self.top(24, 80, '--instrument', str(name))
        terminal.until(f'live  pid {capture.pid} ')
        capture.kill()
        capture.wait()
        terminal.until(f'dead  pid {capture.pid} .*waiting')
        self.check_ladder(terminal, name)  # what it left stays readable
        again = self.captured()
        terminal.until(f'live  pid {again.pid} ')
        self.check_ladder(terminal, name)
        again.send_signal(signal.SIGINT)
        again.wait()
        terminal.until('stopped .*waiting')
        vega.forget(vega.REGION)
        terminal.until('gone .*waiting')
        terminal.type('jk/1\r \tq')
        self.check_end(terminal)

    def test_no_terminal(self):
        self.capture()
        done = vega.run('vega-bus', 'top', '--region', vega.REGION, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (64, ''))
        self.assertTrue(vega.one_line(done.stderr), done.stderr)
        self.assertTrue(vega.one_line(self.check_end(self.top(24, 80, term='no-such-terminal'), 64)))
        self.assertTrue(vega.one_line(self.check_end(self.top(24, 80, '--feed', 'NO_SUCH'), 66)))
        self.assertTrue(vega.one_line(self.check_end(self.top(24, 80, '--region', f'{vega.REGION}-none'), 66)))

    def test_hostile_region(self):
        """Any bytes in the tables and the control file of a dead capture: a screen, and a terminal as it was."""
        self.captured().kill()
        self.wait_for(lambda: self.stat()['state'] == 'dead')
        seed = int(os.environ.get('VEGA_SEED', '1'))
        rng = random.Random(seed)
        control = os.path.join(vega.REGIONS, vega.REGION, 'control')
        lanes, = glob.glob(f'/dev/shm/vega-{vega.REGION}.*')
        with open(lanes, 'rb') as file:
            table = file.read().index(struct.pack('<Q', 0x3130455441545356))
        entries = table + 4096 + 8 * 32768
        with open(control, 'rb') as file:
            good = file.read()
        for case in range(12):
            with open(lanes, 'r+b') as file:
                for _ in range(400):
                    file.seek(rng.choice((table + 16 + rng.randrange(4080), entries + rng.randrange(40 * 640))))
                    file.write(bytes([rng.randrange(256)]))
            if case >= 6:
                with open(control, 'r+b') as file:  # in place: a screen that runs has it mapped
                    for _ in range(200):
                        file.seek(rng.randrange(0x1000, len(good)))
                        file.write(bytes([rng.randrange(256)]))
            with self.subTest(case=case, seed=seed):
                terminal = self.top(24, 80)
                terminal.type('jjGg w/35014\r\tq')
                status, said, restored = terminal.end(60)
                self.assertIn(status, (0, 65, 66), said)
                self.assertTrue(restored)
                self.assertEqual(terminal.screen.unknown, set())


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)
