#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Following running captures (docs/examples/follow.c): stopped until the lane has lapped it, and continued; killed, and started again
where it ended; captures restarted under it. What it printed is every record that the captures' journals have, once and in order.

    test_follow.py BUILD RECORDLIST
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import vega

RECORDLIST = sys.argv.pop(1)
SEED = int(os.environ.get('VEGA_SEED', '1'))
PACKETS, PPS = 120000, 40000  # a lane holds 65,532 records
CONFIG = vega.SMALL + '''feeds:
- name: NSE_FO
  zone: Asia/Kolkata
  frame_lane: 64MiB
  record_lane: 2MiB
  channels:
''' + ''.join(f'  - {{group: 239.70.70.{40 + s}, port: {17740 + s}, line: A, format: nse-mtbt, stream: {s}}}\n' for s in (1, 2, 3))


class Follow(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)
        self.dir = tempfile.mkdtemp(prefix='vega-follow-')
        self.started = []
        self.journals = {}
        self.session, self.config, self.out = (os.path.join(self.dir, n) for n in ('session.pcap', 'vega.yaml', 'out'))
        self.addCleanup(shutil.rmtree, self.dir)
        self.addCleanup(vega.forget, vega.REGION)
        self.addCleanup(self.end_all)
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--packets', PACKETS, '--rate', PPS, '-o', self.session)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.config, 'w', encoding='utf-8') as file:
            file.write(CONFIG)

    def end_all(self):
        for process in self.started:
            process.kill()
            process.wait()

    def start(self, *command, stdout=subprocess.DEVNULL):
        self.started.append(subprocess.Popen([str(c) for c in command], stdout=stdout, stderr=subprocess.DEVNULL))
        return self.started[-1]

    def capture(self):
        journal = os.path.join(self.dir, f'journal-{len(self.journals)}')
        process = self.start(vega.program('vega-capture'), '--config', self.config, '--region', vega.REGION, '--journal', journal,
                             '--pcap', self.session, '--pace', 'recorded')
        end = time.monotonic() + 30
        while time.monotonic() < end:
            done = vega.run('vega-bus', 'stat', '--region', vega.REGION, '--json')
            stat = json.loads(done.stdout) if done.returncode == 0 else {'pid': 0}
            if stat['pid'] == process.pid:
                self.journals[stat['generation']] = journal
                return process
            time.sleep(0.02)
        raise AssertionError(f'no capture: {done}')

    def follow(self, *more):
        with open(self.out, 'a', encoding='utf-8') as out:
            return self.start(os.path.join(vega.BUILD, 'docs', 'follow'), vega.REGION, 'NSE_FO', *more, stdout=out)

    def lines(self):
        """Whole lines; a follower that was killed may leave half of one."""
        with open(self.out, encoding='utf-8') as file:
            text = file.read()
        return [line.split(' ') for line in text[:text.rfind('\n') + 1].splitlines()]

    def kept(self, generation):
        """{position: kind and words} of the capture's own journal."""
        done = subprocess.run([RECORDLIST, self.journals[generation], 'NSE_FO'], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split(' ', 1) for line in done.stdout.splitlines()]
        return {int(position): words for position, words in rows}

    def wait_for(self, generation, position):
        end = time.monotonic() + 60
        last = ''
        while not last.startswith(f'{generation} {position} '):
            self.assertLess(time.monotonic(), end, f'waited in vain for {position}: {last}')
            time.sleep(0.1)
            with open(self.out, 'rb') as file:
                file.seek(max(0, os.path.getsize(self.out) - 1000))
                last = (file.read().decode().splitlines(keepends=True) or [''])[-1]

    def check(self, generation):
        """Each record once, in order, as it was; nothing is missing but what the drain itself was lapped by."""
        kept, following = self.kept(generation), 0
        for row in (r for r in self.lines() if r[0] == str(generation) and r[2:] and r[2] != 'begins'):
            self.assertEqual(int(row[1]), following)
            if row[2] == 'missing':
                self.assertEqual(row[4], 'lapped')
                following += int(row[3])
                continue
            if following in kept and not kept[following].startswith('18 '):
                self.assertEqual(' '.join(row[3:]), kept[following])
            following += 1
        self.assertGreaterEqual(following, max(kept) + 1)
        self.assertGreater(following, 2 * 65532)

    def test_stopped_and_restarted(self):
        first = self.capture()
        generation = max(self.journals)
        follower = self.follow()
        while first.poll() is None:
            follower.send_signal(signal.SIGSTOP)
            time.sleep(0.3 + self.rng.random())
            follower.send_signal(signal.SIGCONT)
            time.sleep(0.2)
        self.wait_for(generation, max(self.kept(generation)))
        self.check(generation)
        self.capture().wait()
        generation = max(self.journals)
        self.wait_for(generation, max(self.kept(generation)))
        self.check(generation)

    def test_killed_and_started_again(self):
        capture = self.capture()
        generation = max(self.journals)
        follower = self.follow()
        time.sleep(0.5 + 0.5 * self.rng.random())
        follower.kill()
        follower.wait()
        with open(self.out, 'rb+') as file:  # the half line goes
            whole = file.read()
            file.truncate(whole.rfind(b'\n') + 1)
        row = self.lines()[-1]
        self.follow(row[0], int(row[1]) + (int(row[3]) if row[2] == 'missing' else 1))
        self.assertIsNone(capture.poll())
        capture.wait()
        self.wait_for(generation, max(self.kept(generation)))
        self.check(generation)


if __name__ == '__main__':
    print(f'seed {SEED}')
    unittest.main(argv=[sys.argv[0]], verbosity=2)
