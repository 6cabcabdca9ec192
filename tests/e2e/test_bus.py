# SPDX-License-Identifier: BSD-3-Clause
"""vega-bus on a region that lives, one that was killed, one that stopped, one that is no region, and none.

    test_bus.py BUILD
"""
import json
import os
import random
import signal
import subprocess
import sys
import unittest

import vega

NAME = f'test-bus-{os.getpid()}'
HOLD = os.path.join(vega.BUILD, 'tests', 'hugepages', 'region_hold')


class Bus(unittest.TestCase):
    def setUp(self):
        self.hold = subprocess.Popen([HOLD, NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.hold.stdout.readline(), 'ready\n')

    def tearDown(self):
        self.hold.kill()
        self.hold.communicate()
        vega.forget(NAME)

    def stat(self, *args):
        return vega.output('vega-bus', 'stat', '--region', NAME, *args)

    def check_counters(self, stat):
        self.assertTrue(vega.conserved(stat))
        self.assertEqual(stat['packets_received'], 15)
        self.assertEqual(stat['packets_dropped'],
                         {'lane_full': 3, 'oversize': 0, 'missed': 3, 'errors': 0, 'nombuf': 0})
        self.assertEqual(stat['feeds'][0]['durable_frames'], 7)
        self.assertEqual(stat['feeds'][0]['durable_ns'], 1700000000000000000)
        self.assertEqual(stat['packets_unaccounted'], 0)

    def test_living_region(self):
        stat = self.stat()
        self.assertEqual((stat['region'], stat['state'], stat['memory']), (NAME, 'live', 'shm'))
        self.assertEqual(stat['pid'], self.hold.pid)
        self.assertEqual([feed['feed'] for feed in stat['feeds']], ['NSE_FO', 'default'])
        self.assertEqual((len(stat['lcores']), len(stat['ports'])), (1, 1))
        self.check_counters(stat)

    def test_killed_region_is_dead_and_keeps_its_counters(self):
        self.hold.send_signal(signal.SIGKILL)
        self.hold.wait()
        stat = self.stat()
        self.assertEqual(stat['state'], 'dead')
        self.check_counters(stat)

    def test_stopped_region_keeps_its_counters(self):
        self.hold.communicate('')
        stat = self.stat()
        self.assertEqual(stat['state'], 'stopped')
        self.check_counters(stat)

    def test_one_feed(self):
        self.assertEqual(len(self.stat('--feed', 'default')['feeds']), 1)
        done = vega.run('vega-bus', 'stat', '--region', NAME, '--feed', 'NOT_THERE')
        self.assertEqual(done.returncode, 66)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_rates(self):
        bus = vega.start('vega-bus', 'stat', '--region', NAME, '--json', '--interval', '300ms', '--count', '2')
        first = ''
        while not first.endswith('\n}\n'):
            first += bus.stdout.readline()
        self.hold.stdin.write('c')
        self.hold.stdin.flush()
        self.hold.stdout.readline()
        second = json.loads(bus.communicate(timeout=60)[0])
        self.assertEqual(bus.returncode, 0)
        self.assertNotIn('packets_published_per_s', json.loads(first))
        self.assertEqual(second['packets_published'], 18)
        self.assertGreater(second['packets_published_per_s'], 0)

    def test_for_people(self):
        done = vega.run('vega-bus', 'stat', '--region', NAME)
        self.assertEqual(done.returncode, 0)
        self.assertIn(f'region {NAME}: live', done.stdout)
        self.assertIn('received 15 = published 9 + dropped 6\n', done.stdout)
        self.assertIn('published 9 = framed 8 + frames lost 1\n', done.stdout)
        self.assertNotIn('lost_oversize', done.stdout)
        self.assertIn('lost_oversize', vega.run('vega-bus', 'stat', '--region', NAME, '--all').stdout)

    def test_ls(self):
        mine = [r for r in vega.output('vega-bus', 'ls')['regions'] if r['region'] == NAME]
        self.assertEqual([r['state'] for r in mine], ['live'])
        self.assertIn(NAME, vega.run('vega-bus', 'ls').stdout)

    def test_hostile_control_file(self):
        """Whatever the bytes are: a report or one line and 65, never a crash."""
        path = os.path.join(vega.REGIONS, NAME, 'control')
        with open(path, 'rb') as file:
            good = file.read()
        seed = int(os.environ.get('VEGA_SEED', '1'))
        rng = random.Random(seed)
        cases = [b'', good[:-1], good + b'\0', bytes(len(good)), rng.randbytes(len(good)),
                 good[:76] + b'\xff' * 16 + good[92:], good[:96] + b'\x1b' * 576 + good[672:]]
        for _ in range(40):
            case = bytearray(good)
            for _ in range(rng.randrange(1, 60)):
                case[rng.choice((rng.randrange(672), rng.randrange(0x1000, 0x5000), rng.randrange(len(case))))] = rng.randrange(256)
            cases.append(bytes(case))
        codes = set()
        for case in cases:
            os.unlink(path)
            with open(path, 'wb') as file:
                file.write(case)
            for args in (('--json',), ('--all',)):
                done = vega.run('vega-bus', 'stat', '--region', NAME, *args)
                codes.add(done.returncode)
                self.assertIn(done.returncode, (0, 65), f'seed {seed}: {done}')
                self.assertNotIn('\x1b', done.stdout + done.stderr)
                if done.returncode != 0:
                    self.assertTrue(vega.one_line(done.stderr), done.stderr)
        self.assertEqual(codes, {0, 65})

    def test_no_such_region(self):
        for name, code in ((f'{NAME}-none', 66), ('../etc', 78), ('', 78)):
            done = vega.run('vega-bus', 'stat', '--region', name)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_wrong_usage(self):
        for args in ((), ('none',), ('stat', '--interval', '0'), ('stat', '--count', 'x'), ('stat', '--none'), ('tail',),
                     ('latest', '--feed', 'F'), ('latest', '--instrument', '1'), ('top', '--json')):
            done = vega.run('vega-bus', *args)
            self.assertEqual(done.returncode, 64, args)
            self.assertEqual(done.stdout, '')
            self.assertIn('vega-bus', done.stderr)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)
