#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-replay steered by keys, on a terminal of its own, which must be as before when it has ended.

usage: test_replay_keys.py BUILD
"""
import glob
import json
import os
import pty
import select
import signal
import subprocess
import termios
import time
import unittest

import capfile
import vega

T0 = 1748403900 * 10**9
MINUTE = 60 * 10**9


class Terminal:
    """A vega-replay on a pseudo terminal; its packets go to a pcap file, its report to a file."""

    def __init__(self, folder, source, *args):
        self.out, self.report_path = os.path.join(folder, 'out.pcap'), os.path.join(folder, 'report.json')
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = ''
        self.process = subprocess.Popen(
            [vega.program('vega-replay'), source, '--out', 'pcap:' + self.out, '--speed', '1', '--report', self.report_path, *map(str, args)],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True, preexec_fn=self.take_terminal)

    def take_terminal(self):
        import fcntl
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def read(self, seconds):
        """What it shows for a while; True at its end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                self.text += os.read(self.master, 65536).decode(errors='replace')
            if self.process.poll() is not None:
                return True
        return False

    def wait_for(self, word, seconds=20):
        """Until it shows a word that it has not shown before."""
        self.text = ''
        end = time.monotonic() + seconds
        while word not in self.text:
            if self.read(0.1) or time.monotonic() > end:
                raise AssertionError(f'need {word!r}, found {self.text!r}')

    def press(self, keys):
        os.write(self.master, keys.encode())

    def end(self, keys='q'):
        """Its status, its packets, its report."""
        self.press(keys)
        if not self.read(20):
            self.process.kill()
            raise AssertionError(f'does not end: {self.text!r}')
        with open(self.report_path, encoding='utf-8') as f:
            report = json.load(f)
        return self.process.returncode, capfile.read(self.out)[0], report

    def close(self):
        killed = self.process.poll() is None
        if killed:
            self.process.kill()
        self.process.wait()
        after = termios.tcgetattr(self.slave)
        os.close(self.master)
        os.close(self.slave)
        return killed or self.before == after


class Keys(unittest.TestCase):
    def setUp(self):
        context = vega.scratch()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def start(self, packets, *args):
        source = os.path.join(self.dir, 'in.pcap')
        capfile.write(source, packets)
        terminal = Terminal(self.dir, source, *args)
        self.addCleanup(self.check_closed, terminal)
        return terminal

    def check_closed(self, terminal):
        self.assertTrue(terminal.close(), 'the terminal is not as it was before')

    def minutes(self, count=30):
        """A packet a minute: nothing happens by itself but the first."""
        return [(T0 + i * MINUTE, bytes([i]) * 60) for i in range(count)]

    def test_step_by_step(self):
        t = self.start(self.minutes(), '--paused')
        t.wait_for('paused')
        for _ in range(5):
            t.press('n')
        t.wait_for('5 packets')
        status, got, report = t.end()
        self.assertEqual((status, [(p.ns, p.data) for p in got]), (0, self.minutes()[:5]))
        self.assertTrue(report['interrupted'])

    def test_pause_and_go_on(self):
        t = self.start([(T0 + i * 10**8, bytes([i % 256]) * 60) for i in range(1000)])
        t.wait_for('packets')
        t.press(' ')
        t.wait_for('paused')
        t.read(0.5)
        t.text = ''
        t.read(1.5)
        counts = {line.split(' packets')[0] for line in t.text.split('paused: ')[1:]}
        self.assertEqual(len(counts), 1, t.text)
        t.press(' ')
        t.wait_for(' packets')
        t.wait_for(' packets')
        status, got, report = t.end()
        self.assertEqual(status, 0)
        self.assertGreater(len(got), 5)
        self.assertLess(report['departure_error_ns_max'], 1_500_000_000)  # the pause made nothing late

    def test_speed(self):
        t = self.start([(T0 + i * 10**9, bytes(60)) for i in range(4000)])
        t.wait_for(' 1 x')
        t.press('+')
        t.wait_for(' 2 x')
        t.press('--')
        t.wait_for(' 0.5 x')
        t.press('+' * 14)
        self.assertTrue(t.read(20), t.text)  # at full speed it ends by itself
        with open(t.report_path, encoding='utf-8') as f:
            report = json.load(f)
        self.assertEqual((report['packets_sent'], report['interrupted']), (4000, False))

    def test_seek(self):
        t = self.start(self.minutes(), '--paused')
        t.wait_for('paused')
        t.press('n')
        t.wait_for('1 packets')
        t.press('\x1b[C')  # ten seconds on: the second packet is next
        t.press('nn')
        t.wait_for('3 packets')
        t.press(',')  # ten seconds back: before the third
        t.press('n')
        t.wait_for('4 packets')
        status, got, _ = t.end()
        self.assertEqual(status, 0)
        self.assertEqual([p.data[0] for p in got], [0, 1, 2, 2])

    def test_damage_that_a_seek_passes_over_is_told(self):
        """The first block is damaged, and after a seek it is not read again."""
        source, conf, journal = (os.path.join(self.dir, name) for name in ('in.pcap', 'c.yaml', 'journal'))
        capfile.write(source, [(T0 + i * MINUTE, bytes([i]) * 60000) for i in range(60)])
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(vega.SMALL)
        done = vega.run('vega-capture', '--pcap', source, '--journal', journal, '--config', conf, '--region', vega.REGION)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(glob.glob(journal + '/**/frames-*.pcapng', recursive=True)[0], 'r+b') as file:
            file.seek(100000)
            file.write(b'damage')
        t = Terminal(self.dir, journal, '--paused')
        self.addCleanup(self.check_closed, t)
        t.wait_for('paused')
        t.press('n')
        t.wait_for('1 packets')
        t.press('.')
        t.press('n')
        t.wait_for('2 packets')
        status, got, report = t.end()
        self.assertGreater(got[0].data[0], 0)
        self.assertEqual((status, report['damaged_extents']), (65, 1), t.text)

    def test_interrupt(self):
        t = self.start(self.minutes())
        t.wait_for('packets')
        status, got, report = t.end('\x03')
        self.assertEqual((status, len(got), report['interrupted']), (0, 1, True))

    def test_other_ends(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            t = self.start(self.minutes())
            t.wait_for('packets')
            self.assertNotEqual(termios.tcgetattr(t.slave), t.before)
            t.process.send_signal(number)
            self.assertTrue(t.read(20))
            self.assertEqual(t.process.returncode, 0 if number == signal.SIGTERM else -number)
            self.assertTrue(termios.tcgetattr(t.slave) == t.before)

    def test_what_nohup_ignores_stays_ignored(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which a child inherits
        try:
            t = self.start(self.minutes())
        finally:
            signal.signal(signal.SIGHUP, before)
        t.wait_for('packets')
        t.process.send_signal(signal.SIGHUP)
        t.read(0.5)
        status, got, _ = t.end()
        self.assertEqual((status, len(got)), (0, 1))

    def test_other_keys_do_nothing(self):
        t = self.start(self.minutes())
        t.wait_for('packets')
        t.press('\x1b[A\x1b[5~xyz\x1b')
        t.read(0.5)
        status, got, _ = t.end()
        self.assertEqual((status, len(got)), (0, 1))


if __name__ == '__main__':
    unittest.main()
