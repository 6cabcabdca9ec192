#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-capture --pcap: several files, pace, standard input, damage, limits.

usage: test_capture_files.py BUILD
"""
import json
import os
import signal
import subprocess
import time
import unittest

import capfile
import vega
from capture import Capture


class Files(unittest.TestCase):
    def setUp(self):
        scratch = vega.scratch()
        self.folder = scratch.__enter__()
        self.addCleanup(scratch.__exit__, None, None, None)

    def write(self, name, times, linktype=1, cut=0):
        """A capture whose packets say which file they are of; `cut` bytes are taken off its end."""
        path = os.path.join(self.folder, name)
        capfile.write(path, [(ns, f'{name}:{n}'.encode().ljust(60)) for n, ns in enumerate(times)], linktype)
        if cut:
            os.truncate(path, os.path.getsize(path) - cut)
        return path

    def names(self, packets):
        return [p.data.decode().rstrip() for p in packets]

    def good(self, ended):
        status, summary, error = ended
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        return summary

    def test_one_link_type_is_merged(self):
        a = self.write('a', [10, 30, 30, 50])
        b = self.write('b', [20, 30, 60])
        capture = Capture(self.folder, '--pcap', a, b)
        self.good(capture.end())
        got = capture.packets()
        self.assertEqual(self.names(got), ['a:0', 'b:0', 'a:1', 'a:2', 'b:1', 'a:3', 'b:2'])
        self.assertEqual([p.ns for p in got], [10, 20, 30, 30, 30, 50, 60])

    def test_two_link_types_are_read_in_turns(self):
        capture = Capture(self.folder, '--pcap', self.write('a', [50, 60]), self.write('b', [1, 2], 101), self.write('c', [55]))
        self.good(capture.end())
        got = capture.packets()
        self.assertEqual(self.names(got), ['a:0', 'a:1', 'b:0', 'b:1', 'c:0'])
        self.assertEqual([p.linktype for p in got], [1, 1, 101, 101, 1])

    def test_damage_keeps_all_that_is_good(self):
        a = self.write('a', [10, 20, 30], cut=1)
        b = self.write('b', [11, 21, 31])
        capture = Capture(self.folder, '--pcap', a, b)
        status, summary, error = capture.end()
        self.assertEqual(status, 65, error)
        self.assertTrue(vega.one_line(error), error)
        self.assertIn('packet 3', error)
        self.assertTrue(vega.conserved(summary))
        self.assertEqual(self.names(capture.packets()), ['a:0', 'b:0', 'a:1', 'b:1', 'b:2'])
        self.assertTrue(vega.output('vega-journal', 'verify', capture.journal)['ok'])

    def test_recorded_pace(self):
        path = self.write('a', [10**18 + n * 10**8 for n in range(6)])
        begin = time.monotonic()
        capture = Capture(self.folder, '--pcap', path, '--pace', 'recorded')
        self.good(capture.end())
        self.assertGreaterEqual(time.monotonic() - begin, 0.5)
        self.assertEqual([p.ns for p in capture.packets()], [10**18 + n * 10**8 for n in range(6)])

    def test_recorded_pace_can_be_interrupted(self):
        capture = Capture(self.folder, '--pcap', self.write('a', [0, 10**15]), '--pace', 'recorded').until_polling()
        capture.until_received(1)
        summary = self.good(capture.stop())
        self.assertEqual(summary['packets_framed'], 1)

    def test_standard_input(self):
        path = self.write('a', range(1000))
        config = os.path.join(self.folder, 'c.yaml')
        with open(config, 'w') as file:
            file.write(vega.SMALL)
        cat = subprocess.Popen(['cat', path], stdout=subprocess.PIPE)
        summary = vega.output('vega-capture', '--pcap', '-', '--region', vega.REGION, '--config', config, stdin=cat.stdout)
        cat.stdout.close()
        cat.wait()
        self.assertEqual(summary['packets_framed'], 1000)

    def test_a_silent_pipe_can_be_interrupted(self):
        """Before the first packet, and in the middle of one: what came whole is kept, and nothing is called damaged."""
        with open(self.write('a', range(1000)), 'rb') as file:
            data = file.read()
        for sent, packets in ((data, 1000), (data[:-10], 999)):
            with self.subTest(packets=packets):
                end, pipe = os.pipe()
                config = os.path.join(self.folder, f'{packets}.yaml')
                with open(config, 'w') as file:
                    file.write(vega.SMALL)
                process = vega.start('vega-capture', '--pcap', '-', '--region', vega.REGION, '--config', config, '--json',
                                     stdin=end)
                os.write(pipe, sent)
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
                out, error = process.communicate(timeout=20)
                os.close(pipe)
                os.close(end)
                self.assertEqual((process.returncode, error), (0, ''))
                self.assertEqual(json.loads(out)['packets_framed'], packets)

    def test_count(self):
        capture = Capture(self.folder, '--pcap', self.write('a', range(1000)), '--count', 77)
        self.assertEqual(self.good(capture.end())['packets_received'], 77)
        self.assertEqual(self.names(capture.packets())[-1], 'a:76')

    def test_a_lane_of_two_blocks_loses_nothing(self):
        """Far more than the lane holds: at full speed a file waits for the drain."""
        path = os.path.join(self.folder, 'big')
        capfile.write(path, [(n, n.to_bytes(4, 'big') * 300) for n in range(20000)])
        config = os.path.join(self.folder, 'c.yaml')
        with open(config, 'w') as file:
            file.write('memory: shm\ndefault_frame_lane: 2MiB\n')
        capture = Capture(self.folder, '--config', config, '--pcap', path)
        self.assertEqual(self.good(capture.end())['packets_framed'], 20000)
        self.assertEqual([p.ns for p in capture.packets()], list(range(20000)))

    @unittest.skipUnless(os.geteuid() == 0, 'needs root to mount a small file system')
    def test_a_disk_fills_and_gets_room_and_fills(self):
        """Capture goes on, the journal tells what it lacks and goes on when there is room; on a full disk it still ends."""
        small = os.path.join(self.folder, 'small')
        os.mkdir(small)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', small], check=True)
        self.addCleanup(subprocess.run, ['umount', small], check=True)
        filler = os.path.join(small, 'filler')
        with open(filler, 'wb') as file:
            file.write(bytes(20 << 20))
        path = os.path.join(self.folder, 'big')
        capfile.write(path, [(n * 5_000_000, bytes(60000)) for n in range(1000)])
        capture = Capture(self.folder, '--pcap', path, '--pace', 'recorded', '--journal', small + '/j', journal=False)
        capture.journal = small + '/j'
        end = time.monotonic() + 30
        while capture.lost_disk() == 0 and capture.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        os.unlink(filler)
        status, summary, error = capture.end()
        self.assertEqual(status, 73, error)
        self.assertTrue(vega.one_line(error), error)
        self.assertTrue(vega.conserved(summary), summary)
        self.assertEqual(summary['packets_received'], 1000)
        info = vega.output('vega-journal', 'info', capture.journal)
        self.assertEqual(info['packets'] + summary['frames_lost_by_cause']['disk'], 1000)
        self.assertGreater(info['lost_disk'], 0)
        self.assertEqual(len(capture.files()), 2)
        self.assertTrue(vega.output('vega-journal', 'verify', capture.journal)['ok'])

    def test_too_many_files(self):
        path = self.write('a', [1])
        done = vega.run('vega-capture', '--pcap', *[path] * 17)
        self.assertEqual(done.returncode, 64)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)


if __name__ == '__main__':
    unittest.main()
