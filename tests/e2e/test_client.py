#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clients of running captures: the examples of docs/examples, and `vega-bus tail`.

A client is killed and started again at will, and captures are killed, ended and restarted under running clients: what the client
printed is, record by record, what the capture's own journal has.

    test_client.py BUILD RECORDLIST
"""
import collections
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
EXAMPLES = os.path.join(vega.BUILD, 'docs')
SEED = int(os.environ.get('VEGA_SEED', '1'))
PACKETS, PPS = 40000, 20000
CONFIG = vega.SMALL.replace('2MiB', '16MiB') + '''feeds:
- name: NSE_FO
  zone: Asia/Kolkata
  frame_lane: 64MiB
  channels:
''' + ''.join(f'  - {{group: 239.70.70.{g}, port: {p}, line: {line}, format: nse-mtbt, stream: {stream}}}\n'
              for stream in (1, 2, 3) for line, g, p in (('A', 40 + stream, 17740 + stream), ('B', 30 + stream, 10830 + stream)))


KILLED_UNTIL = 30000  # of some 70,000 records


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix='vega-client-')
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.session = os.path.join(cls.dir, 'session.pcap')
        cls.config = os.path.join(cls.dir, 'vega.yaml')
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--packets', PACKETS, '--rate', PPS, '--ab', '--loss', '0.1%',
                        '-o', cls.session)
        assert done.returncode == 0, done.stderr
        with open(cls.config, 'w', encoding='utf-8') as file:
            file.write(CONFIG)

    def setUp(self):
        self.rng = random.Random(SEED)
        self.captures = 0
        self.started = []
        self.addCleanup(vega.forget, vega.REGION)
        self.addCleanup(self.end_all)

    def end_all(self):
        for process in self.started:
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def start(self, *command, **more):
        more.setdefault('stderr', subprocess.DEVNULL)
        self.started.append(subprocess.Popen([str(c) for c in command], text=True, **more))
        return self.started[-1]

    def capture(self, pace='recorded'):
        """A capture with a journal of its own; returns when its region is live."""
        self.captures += 1
        journal = os.path.join(self.dir, f'{self.id()}-{self.captures}')
        process = self.start(vega.program('vega-capture'), '--config', self.config, '--region', vega.REGION, '--journal', journal,
                             '--pcap', self.session, '--pace', pace, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            done = vega.run('vega-bus', 'stat', '--region', vega.REGION, '--json')
            stat = json.loads(done.stdout) if done.returncode == 0 else {'pid': 0}
            if stat['pid'] == process.pid:
                return process, journal, stat['generation']
            time.sleep(0.02)
        raise AssertionError(f'no capture: {done}')

    def tail(self, path, *more):
        with open(path, 'a', encoding='utf-8') as out:
            return self.start(os.path.join(EXAMPLES, 'bus_tail'), vega.REGION, 'NSE_FO', *more, stdout=out)

    def lines(self, path):
        """Whole lines of a client's output; one that was killed may leave half of one."""
        with open(path, encoding='utf-8') as file:
            text = file.read()
        return [line.split(' ') for line in text[:text.rfind('\n') + 1].splitlines()]

    def journal(self, path):
        """{position: kind and words} of what the capture itself kept."""
        done = subprocess.run([RECORDLIST, path, 'NSE_FO'], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split(' ', 1) for line in done.stdout.splitlines()]
        return {int(position): words for position, words in rows}

    def wait_for(self, what, seconds=120):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, 'waited in vain')
            time.sleep(0.02)

    def check_against(self, lines, generation, journal):
        """Each record once, in order, as it was; what is missing is told. Returns how many."""
        kept = self.journal(journal)
        following, given = 0, 0
        for row in lines:
            if int(row[0]) != generation:
                continue
            position = int(row[1])
            if row[2] == 'lost':
                following += int(row[3])
                self.assertEqual(position, following)
                continue
            self.assertEqual(position, following, f'after {given} records')
            if position in kept:
                self.assertEqual(' '.join(row[3:]), kept[position])
            following, given = position + 1, given + 1
        return given, following, len(kept)

    def test_client_killed_and_started_again(self):
        out = os.path.join(self.dir, 'killed')
        capture, journal, generation = self.capture()
        client = self.tail(out)
        while capture.poll() is None:
            time.sleep(0.05 + 0.3 * self.rng.random())
            if capture.poll() is not None:
                break
            client.kill()
            client.wait()
            whole = self.lines(out)
            with open(out, 'w', encoding='utf-8') as file:  # the half line goes
                file.writelines(' '.join(row) + '\n' for row in whole)
            again = (whole[-1][0], int(whole[-1][1]) + 1) if whole else ()
            client = self.tail(out, *again)
            if whole and int(whole[-1][1]) > KILLED_UNTIL:
                break  # one started when the capture has ended finds nothing to attach to
        capture.wait(60)
        kept = self.journal(journal)
        self.wait_for(lambda: int(self.lines(out)[-1][1]) >= max(kept) or client.poll() is not None)
        given, following, cnt = self.check_against(self.lines(out), generation, journal)
        self.assertEqual(following, cnt)
        self.assertGreater(given, 30000)

    def test_captures_restarted_under_a_client(self):
        out = os.path.join(self.dir, 'restarted')
        first, first_journal, first_generation = self.capture()
        client = self.tail(out)
        self.wait_for(lambda: len(self.lines(out)) > 5000)
        first.send_signal(signal.SIGKILL)
        first.wait()
        second, second_journal, second_generation = self.capture()
        self.wait_for(lambda: any(int(row[0]) == second_generation for row in self.lines(out)))
        second.send_signal(signal.SIGINT)
        second.wait()
        third, third_journal, third_generation = self.capture()
        third.wait()
        kept = self.journal(third_journal)
        self.wait_for(lambda: self.lines(out)[-1][:2] == [str(third_generation), str(max(kept))])
        self.assertIsNone(client.poll())
        lines = self.lines(out)
        generations = list(dict.fromkeys(int(row[0]) for row in lines))
        self.assertEqual(generations, [first_generation, second_generation, third_generation])
        self.assertGreater(self.check_against(lines, first_generation, first_journal)[0], 5000)
        for generation, journal in ((second_generation, second_journal), (third_generation, third_journal)):
            given, following, cnt = self.check_against(lines, generation, journal)
            self.assertEqual(following, cnt)
            self.assertGreater(given, 100)

    def test_watch_and_stat(self):
        capture, journal, _ = self.capture()
        token = None
        while token is None:
            done = vega.run('vega-bus', 'tail', '--region', vega.REGION, '--feed', 'NSE_FO', '--json', '--count', 2000)
            self.assertEqual(done.returncode, 0, done.stderr)
            records = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(len(records), 2000)
            tokens = collections.Counter(r['instrument'] for r in records if r['kind'] == 'TRADE')
            token = tokens.most_common(1)[0][0] if tokens else None
        watch = self.start(os.path.join(EXAMPLES, 'bus_watch'), vega.REGION, 'NSE_FO', token, stdout=subprocess.PIPE)
        readers = []
        while not readers:
            readers = vega.output('vega-bus', 'stat', '--region', vega.REGION)['readers']
        self.assertEqual((readers[0]['name'], readers[0]['feed'], readers[0]['pid']), ('bus_watch', 'NSE_FO', watch.pid))
        self.assertIn('lag_records', readers[0])
        self.assertIn('reader bus_watch', vega.run('vega-bus', 'stat', '--region', vega.REGION).stdout)
        capture.send_signal(signal.SIGINT)
        said = watch.communicate(timeout=30)[0].splitlines()
        self.assertEqual(watch.returncode, 0)
        self.assertRegex(said[-1], r'^stopped: \d+ records read, 0 lost$')
        self.assertGreater(len(said), 2)
        for line in said[:-1]:
            self.assertEqual(line.split(' ')[1:3], [str(token), 'traded'])

    def test_tail_options(self):
        capture, _, _ = self.capture()
        tail = ('tail', '--region', vega.REGION, '--feed', 'NSE_FO')
        self.wait_for(lambda: vega.run('vega-bus', *tail, '--from', 'oldest', '--count', 1000).stdout.count('\n') == 1000)
        oldest = vega.run('vega-bus', *tail, '--from', 'oldest', '--count', 1000, '--json').stdout.splitlines()
        self.assertEqual(json.loads(oldest[0])['kind'], 'EPOCH')
        packet = next(r for r in map(json.loads, oldest[400:]) if r['kind'] == 'PACKET')
        since = vega.run('vega-bus', *tail, '--from', packet['ns'], '--count', 1, '--json')
        self.assertEqual(json.loads(since.stdout), packet, since.stderr)
        trade = next(r for r in map(json.loads, oldest) if r['kind'].startswith('ORDER'))
        one = vega.run('vega-bus', *tail, '--from', 'oldest', '--instrument', trade['instrument'], '--count', 100, '--json')
        self.assertEqual({r.get('instrument') for r in map(json.loads, one.stdout.splitlines())
                          if r['kind'] not in ('PACKET', 'GAP', 'SEGMENT', 'EPOCH', 'LOSS')}, {trade['instrument']})
        people = vega.run('vega-bus', *tail, '--from', 'oldest', '--count', 3).stdout.splitlines()
        self.assertRegex(people[1], r'^2025-05-28T03:45:00\.\d{9}Z +PACKET channel=\d action=new .*frame=0$')
        for args, code in (((), 64), (('--feed', 'NONE'), 66), (('--feed', 'default'), 66), (('--feed', 'NSE_FO', '--from', 'x'), 64),
                           (('--feed', 'NSE_FO', '--instrument', 'NO SUCH'), 66), (('--feed', 'NSE_FO', '--count', '0'), 64)):
            done = vega.run('vega-bus', 'tail', '--region', vega.REGION, *args)
            self.assertEqual(done.returncode, code, f'{args}: {done}')
            self.assertTrue(vega.one_line(done.stderr), done.stderr)
        running = self.start(vega.program('vega-bus'), *tail, stdout=subprocess.DEVNULL)
        time.sleep(0.1)
        capture.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(timeout=30), 0)
        self.assertEqual(vega.run('vega-bus', *tail).returncode, 66)


if __name__ == '__main__':
    print(f'seed {SEED}')
    unittest.main(argv=[sys.argv[0]], verbosity=2)
