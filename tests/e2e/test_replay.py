#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-replay into files and into nothing: what comes out, in which order, what it says of itself, what it refuses.

usage: test_replay.py BUILD
"""
import filecmp
import glob
import json
import os
import shutil
import signal
import struct
import subprocess
import time
import unittest

import capfile
import vega

NNF = capfile.shared('nse-synthetic', 'nse_nnf_fo.pcap')
WHOLE = {'packets_read', 'packets_sent', 'bytes_sent', 'packets_cut', 'not_sent_not_udp', 'not_sent_too_long', 'not_sent_refused', 'not_sent_unclaimed',
           'first_ns', 'last_ns', 'duration_ns', 'late_threshold_ns', 'starved_count', 'starved_ns', 'output_full_count',
           'damaged_extents', 'damaged_bytes', 'inputs'}
PACED = {'departure_error_ns_p50', 'departure_error_ns_p99', 'departure_error_ns_p999', 'departure_error_ns_max', 'late_count',
         'drift_ns'}
T0 = 1748403900 * 10**9


def replay(*args, **kw):
    return vega.run('vega-replay', *args, **kw)


def frames(count, gap_ns, tag, start=T0):
    return [(start + i * gap_ns, bytes([tag]) * 14 + i.to_bytes(4, 'big') * 12) for i in range(count)]


def conserved(report):
    return report['packets_read'] == report['packets_sent'] + sum(v for k, v in report.items() if k.startswith('not_sent_'))


class Case(unittest.TestCase):
    def setUp(self):
        context = vega.scratch()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def path(self, name):
        return os.path.join(self.dir, name)

    def made(self, name, packets, **kw):
        capfile.write(self.path(name), packets, **kw)
        return self.path(name)

    def send(self, *args, status=0):
        """Replay into a pcap file; its packets and the report."""
        out = self.path('out.pcap')
        done = replay(*args, '--out', 'pcap:' + out, '--json')
        self.assertEqual(done.returncode, status, done.stderr)
        packets, damage = capfile.read(out)
        self.assertIsNone(damage)
        report = json.loads(done.stdout)
        self.assertTrue(conserved(report), report)
        self.assertEqual(report['packets_sent'], len(packets))
        self.assertEqual(report['bytes_sent'], sum(p.captured for p in packets))
        return packets, report


class Captures(Case):
    def test_every_capture_comes_out_as_it_went_in(self):
        seen = 0
        for path in capfile.captures():
            wanted, damage = capfile.read(path)
            out = self.path('every.pcap')
            done = replay(path, '--out', 'pcap:' + out)
            if done.returncode == 65 and not os.path.exists(out):
                continue  # not opened at all: libpcap's own limits, which test_pcapfile.py judges
            with self.subTest(path=os.path.basename(path)):
                self.assertIn(done.returncode, (0, 65), done.stderr)
                got, _ = capfile.read(out)
                if done.returncode == 0:
                    self.assertEqual(len(got), len(wanted))
                else:
                    self.assertTrue(vega.one_line(done.stderr), done.stderr)
                for a, b in zip(got, wanted):
                    self.assertEqual(a, b)
                seen += 1
            os.unlink(out)
        if seen == 0:
            self.skipTest('need the shared captures, found none; set VEGA_SHARED')

    def test_same_bytes_twice(self):
        source = self.made('in.pcap', frames(5000, 1000, 1))
        for name in ('one', 'two'):
            self.assertEqual(replay(source, '--out', 'pcap:' + self.path(name)).returncode, 0)
        self.assertTrue(filecmp.cmp(self.path('one'), self.path('two'), shallow=False))

    def test_two_files_are_merged(self):
        left = frames(400, 3000, 1)
        right = frames(900, 1000, 2)
        right[10], right[11] = right[11], right[10]  # a clock that went backward: recorded order wins
        wanted, queues = [], [list(left), list(right)]
        while queues[0] or queues[1]:
            first = min((q for q in queues if q), key=lambda q: q[0][0])
            wanted.append(first.pop(0))
        got, report = self.send(self.made('l.pcap', left), self.made('r.pcap', right))
        self.assertEqual([(p.ns, p.data) for p in got], wanted)
        self.assertEqual(report['inputs'], 2)

    def test_from_and_to(self):
        source = self.made('in.pcap', frames(1000, 1000, 1))
        got, report = self.send(source, '--from', T0 + 100000, '--to', '2025-05-28T03:45:00.0002Z')
        self.assertEqual([p.ns for p in got], list(range(T0 + 100000, T0 + 200000, 1000)))
        self.assertEqual((report['first_ns'], report['last_ns']), (T0 + 100000, T0 + 199000))
        got, report = self.send(source, '--from', T0 + 10**12)
        self.assertEqual((got, report['duration_ns']), ([], 0))

    def test_speed_stretches_and_shrinks(self):
        source = self.made('in.pcap', frames(41, 5_000_000, 1))  # 0.2 s
        for speed, span_ns in (('0.5', 400_000_000), ('4', 50_000_000)):
            report = vega.output('vega-replay', source, '--out', 'null', '--speed', speed)
            self.assertGreaterEqual(report['duration_ns'], span_ns - report['departure_error_ns_max'])
            self.assertLess(report['duration_ns'] - span_ns, report['departure_error_ns_max'] + 50_000_000)
            self.assertEqual(report['speed'], float(speed))

    def test_report(self):
        source = self.made('in.pcap', frames(100, 10000, 1))
        path = self.path('report.json')
        done = replay(source, '--out', 'null', '--report', path, '--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(path, encoding='utf-8') as f:
            report = json.load(f)
        self.assertEqual(report, json.loads(done.stdout))
        self.assertLessEqual(WHOLE | PACED, set(report))
        self.assertTrue(all(isinstance(report[k], int) for k in WHOLE | PACED))
        self.assertLessEqual(report['departure_error_ns_p50'], report['departure_error_ns_p99'])
        self.assertLessEqual(report['departure_error_ns_p99'], report['departure_error_ns_p999'])
        self.assertLessEqual(report['departure_error_ns_p999'], report['departure_error_ns_max'])
        self.assertGreaterEqual(report['departure_error_ns_p50'], 0)
        self.assertLessEqual(report['late_count'], report['packets_sent'])
        self.assertGreaterEqual(report['duration_ns'], 990000 - report['departure_error_ns_max'])  # the first left late, too
        self.assertEqual(report['last_ns'] - report['first_ns'], 990000)
        self.assertEqual((report['packets_sent'], report['bytes_sent']), (100, 100 * 62))
        self.assertFalse(report['interrupted'])

    def test_full_speed_has_no_departure_error(self):
        report = vega.output('vega-replay', self.made('in.pcap', frames(100, 10**9, 1)), '--out', 'null', '--speed', 'max')
        self.assertTrue(all(report[k] is None for k in PACED), report)
        self.assertEqual(report['speed'], 'max')

    def test_start_at(self):
        source = self.made('in.pcap', frames(2, 1000, 1))
        at = time.time_ns() + 700_000_000
        done = replay(source, '--out', 'null', '--start-at', at)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(time.time_ns(), at)
        done = replay(source, '--out', 'null', '--start-at', '2020-01-01T00:00:00Z')
        self.assertEqual(done.returncode, 64)

    def test_standard_input_and_output(self):
        source = self.made('in.pcap', frames(50, 1000, 1))
        with open(source, 'rb') as f:
            done = subprocess.run([vega.program('vega-replay'), '-', '--out', 'pcap:-'], stdin=f, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([(p.ns, p.data) for p in capfile.parse(done.stdout)[0]], frames(50, 1000, 1))

    def test_reader_of_a_pipe_goes_away(self):
        """One line, an input-output error, and the report all the same; by standard output and by a named pipe."""
        source, fifo, path = self.made('in.pcap', frames(50000, 1000, 1)), self.path('fifo'), self.path('report.json')
        os.mkfifo(fifo)
        for out in ('-', fifo):
            with self.subTest(out=out):
                process = subprocess.Popen([vega.program('vega-replay'), source, '--out', 'pcap:' + out, '--report', path],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                with process.stdout if out == '-' else open(fifo, 'rb') as reader:
                    self.assertEqual(len(reader.read(100000)), 100000)
                error = process.stderr.read().decode()
                process.stderr.close()
                if out != '-':
                    process.stdout.close()
                self.assertEqual(process.wait(timeout=20), 74, error)
                self.assertIn('Broken pipe', error)
                with open(path, encoding='utf-8') as f:
                    self.assertTrue(0 < json.load(f)['packets_sent'] < 50000)

    def test_killed(self):
        """What is in the file is a beginning of it, and the next run writes the whole."""
        sent = frames(2000, 1_000_000, 1)
        source, out = self.made('in.pcap', sent), self.path('out.pcap')
        process = vega.start('vega-replay', source, '--out', 'pcap:' + out, '--speed', '1')
        time.sleep(0.7)
        process.kill()
        process.communicate(timeout=20)
        if os.path.getsize(out) != 0:
            got, _ = capfile.read(out)
            self.assertLess(len(got), 2000)
            self.assertEqual([(p.ns, p.data) for p in got], sent[:len(got)])
        got, _ = self.send(source)
        self.assertEqual([(p.ns, p.data) for p in got], sent)

    def test_a_signal_ends_with_a_report(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                self.check_ended_by(number)

    def check_ended_by(self, number):
        source = self.made('in.pcap', frames(100, 100_000_000, 1))  # 10 s
        path = self.path('report.json')
        process = vega.start('vega-replay', source, '--out', 'pcap:' + self.path('out.pcap'), '--speed', '1', '--report', path)
        time.sleep(1)
        process.send_signal(number)
        _, err = process.communicate(timeout=5)
        self.assertEqual(process.returncode, 0, err)
        with open(path, encoding='utf-8') as f:
            report = json.load(f)
        self.assertTrue(report['interrupted'])
        self.assertTrue(0 < report['packets_sent'] < 100)
        self.assertEqual(len(capfile.read(self.path('out.pcap'))[0]), report['packets_sent'])

    def test_a_silent_pipe_can_be_interrupted(self):
        """Before its first byte, where nothing is lost, and later, where there is a report to write."""
        path = self.path('in.pcap')
        capfile.write(path, frames(10, 1000, 1))
        with open(path, 'rb') as file:
            data = file.read()
        for sent, status in ((b'', -signal.SIGINT), (data, 0)):
            with self.subTest(status=status):
                end, pipe = os.pipe()
                process = vega.start('vega-replay', '-', '--out', 'null', '--json', stdin=end)
                os.write(pipe, sent)
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
                out, error = process.communicate(timeout=20)
                os.close(pipe)
                os.close(end)
                self.assertEqual((process.returncode, error), (status, ''))
                if status == 0:
                    self.assertTrue(json.loads(out)['interrupted'])

    def test_damaged_input_is_sent_as_far_as_it_is_good(self):
        source = self.made('in.pcap', frames(100, 1000, 1))
        os.truncate(source, os.path.getsize(source) - 10)
        other = self.made('other.pcap', frames(100, 1000, 2))
        got, report = self.send(source, other, status=65)
        self.assertEqual((len(got), report['packets_sent']), (199, 199))

    def test_damage_in_the_middle(self):
        source = self.made('in.pcap', frames(100, 1000, 1))
        with open(source, 'r+b') as f:
            f.seek(24 + 40 * (16 + 62) + 8)
            f.write(b'\xff\xff\xff\x7f')  # the captured length of packet 41
        done = replay(source, '--out', 'null', '--speed', 'max', '--json')
        self.assertEqual(done.returncode, 65)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)
        self.assertIn('41', done.stderr)
        self.assertEqual(json.loads(done.stdout)['packets_sent'], 40)

    def test_link_types_do_not_mix_in_a_file(self):
        ethernet = self.made('e.pcap', frames(3, 1000, 1))
        raw = self.made('r.pcap', frames(3, 1000, 0x45), linktype=101)
        got, _ = self.send(raw)
        self.assertTrue(all(p.linktype == 101 for p in got))
        done = replay(ethernet, raw, '--out', 'pcap:' + self.path('out.pcap'))
        self.assertEqual(done.returncode, 65)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_refused(self):
        source = self.made('in.pcap', frames(3, 1000, 1))
        empty = self.path('empty')
        open(empty, 'wb').close()
        out = ['--out', 'null']
        cases = [
            (64, ['--out', 'null'], 'capture file'),
            (64, [source], '--out'),
            (64, [source, '--out', 'regions:live'], 'pcap:FILE'),
            (64, [source, '--out', 'pcap'], 'pcap:FILE'),
            (64, [source, '--out', 'null:x'], 'null'),
            (64, [source, *out, '--clock', 'wall'], 'receive'),
            (64, [source, *out, '--speed', '0'], '0.001'),
            (64, [source, *out, '--from', 'yesterday'], '--from'),
            (64, [source, *out, '--from', '09:15'], '--from'),
            (64, [source, *out, '--from', '2', '--to', '1'], '--to'),
            (64, [source, *out, '--feed', 'NSE_FO'], 'journal'),
            (66, [self.path('none.pcap'), *out], 'none.pcap'),
            (66, [self.dir, *out], self.dir),
            (65, [empty, *out], 'empty'),
            (69, [source, '--out', 'udp:nosuchiface'], 'nosuchiface'),
            (69, [source, *out, '--cpu', '1000'], '1000'),
            (73, [source, '--out', 'pcap:/nonexistent/x.pcap'], '/nonexistent'),
            (73, [source, '--out', 'pcap:' + source], 'input'),
            (73, [source, *out, '--report', '/nonexistent/r.json'], '/nonexistent'),
        ]
        for status, args, names in cases:
            with self.subTest(args=args):
                done = replay(*args)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertTrue(vega.one_line(done.stderr), done.stderr)
                self.assertIn(names, done.stderr)
        self.assertEqual(len(capfile.read(source)[0]), 3)  # none of it touched the input

    def test_dpdk(self):
        source = self.made('in.pcap', frames(500, 1000, 1) + [(T0 + 10**6, bytes(1600)), (T0 + 10**6, bytes(60))])
        done = replay(source, '--out', 'dpdk:net_null0', '--json')
        if done.returncode == 69 and 'build with DPDK' in done.stderr:
            self.skipTest('built without DPDK')
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report['packets_sent'], report['not_sent_too_long'], report['not_sent_refused']), (501, 1, 0))
        done = replay(source, '--out', 'dpdk:net_af_packet0,iface=nosuchiface')
        self.assertEqual(done.returncode, 69)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)


CONF = vega.SMALL + """
feeds:
  - {name: ONE, zone: Asia/Kolkata, frame_lane: 2MiB, channels: [{port: 10831}]}
  - {name: TWO, zone: Asia/Kolkata, frame_lane: 2MiB, channels: [{port: 10832}]}
"""


def udp_frame(number, port):
    payload = number.to_bytes(8, 'big') + bytes(number % 300)
    udp = struct.pack('>HHHH', 40000, port, 8 + len(payload), 0) + payload
    ip = struct.pack('>BBHHHBBHII', 0x45, 0, 20 + len(udp), number & 0xffff, 0, 16, 17, 0, 0xc0000209, 0xef46461f)
    return b'\x01\x00\x5e\x46\x46\x1f\x02\x00\x00\x00\x00\x01\x08\x00' + ip + udp


class Journal(Case):
    """The same from a journal that vega-capture made: feeds ONE and TWO, and `default` with what neither claims."""

    COUNT = 60000

    @classmethod
    def setUpClass(cls):
        context = vega.scratch()
        cls.home = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        cls.packets = [(T0 + i * 1000, udp_frame(i, 10831 + i % 3)) for i in range(cls.COUNT)]
        source, conf, cls.journal = (os.path.join(cls.home, name) for name in ('in.pcap', 'c.yaml', 'journal'))
        capfile.write(source, cls.packets)
        with open(conf, 'w', encoding='utf-8') as f:
            f.write(CONF)
        done = vega.run('vega-capture', '--pcap', source, '--journal', cls.journal, '--config', conf, '--region', vega.REGION)
        assert done.returncode == 0, done.stderr

    def compare(self, got, wanted):
        self.assertEqual([(p.ns, p.data) for p in got], wanted)

    def test_feeds_come_out_as_one_stream(self):
        got, report = self.send(self.journal)
        self.compare(got, self.packets)
        self.assertEqual(report['inputs'], 3)
        self.assertEqual(report['damaged_extents'], 0)

    def test_one_and_two_feeds(self):
        got, _ = self.send(self.journal, '--feed', 'TWO')
        self.compare(got, [p for i, p in enumerate(self.packets) if i % 3 == 1])
        got, _ = self.send(self.journal, '--feed', 'TWO', '--feed', 'default')
        self.compare(got, [p for i, p in enumerate(self.packets) if i % 3 != 0])
        done = replay(self.journal, '--feed', 'THREE', '--out', 'null')
        self.assertEqual(done.returncode, 66)
        self.assertTrue(vega.one_line(done.stderr) and 'THREE' in done.stderr, done.stderr)

    def test_wall_clock_of_the_feed(self):
        got, _ = self.send(self.journal, '--feed', 'ONE', '--from', '09:15:00.01', '--to', '09:15:00.02')
        self.compare(got, [p for i, p in enumerate(self.packets) if i % 3 == 0 and 10**7 <= p[0] - T0 < 2 * 10**7])

    def test_each_feed_to_its_own(self):
        outs = {feed: self.path(feed + '.pcap') for feed in ('ONE', 'TWO', 'default')}
        for lap in range(2):
            done = replay(self.journal, '--out', 'ONE=pcap:' + outs['ONE'], '--out', 'TWO=pcap:' + outs['TWO'], '--out', 'pcap:' + outs['default'],
                          '--json')
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)
            self.assertTrue(conserved(report), report)
            self.assertEqual(report['packets_sent'], self.COUNT)
            self.assertEqual(report['bytes_sent'], sum(len(data) for _, data in self.packets))
            for i, path in enumerate(outs.values()):
                self.compare(capfile.read(path)[0], self.packets[i::3])
                if lap == 0:
                    os.rename(path, path + '.first')
                else:
                    self.assertTrue(filecmp.cmp(path, path + '.first', shallow=False))

    def test_two_feeds_to_one(self):
        both, other = self.path('both.pcap'), self.path('other.pcap')
        done = replay(self.journal, '--out', 'ONE=pcap:' + both, '--out', 'TWO=pcap:' + both, '--out', 'pcap:' + other)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.compare(capfile.read(both)[0], [p for i, p in enumerate(self.packets) if i % 3 != 2])
        self.compare(capfile.read(other)[0], self.packets[2::3])

    def test_outputs_that_do_not_fit(self):
        for status, args, word in (
                (64, ['--out', 'ONE=null', '--out', 'TWO=null'], 'default'), (64, ['--out', 'SIX=null', '--out', 'null'], 'SIX'),
                (64, ['--out', 'ONE=null', '--out', 'ONE=null'], 'ONE'), (64, ['--out', 'null', '--out', 'null'], 'all other'),
                (64, ['--out', 'ONE=nil', '--out', 'null'], 'nil'), (69, ['--out', 'ONE=null', '--out', 'udp:nosuch0'], 'nosuch0')):
            done = replay(self.journal, *args)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertTrue(vega.one_line(done.stderr) and word in done.stderr, done.stderr)

    def test_total_order_over_ports(self):
        """Two DPDK ports that write what they send, with the time they sent it: their times tell one order, the journal's."""
        ports = [self.path('p0.pcap'), self.path('p1.pcap')]
        done = replay(self.journal, '--from', T0, '--to', T0 + 900_000, '--speed', '0.002', '--out', f'ONE=dpdk:net_pcap0,tx_pcap={ports[0]}', '--out',
                      f'dpdk:net_pcap1,tx_pcap={ports[1]}', '--json')
        if done.returncode == 69 and 'DPDK' in done.stderr:
            self.skipTest('need a build with DPDK, found one without')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(conserved(json.loads(done.stdout)), done.stdout)
        sent = [[(p.ns, p.data) for p in capfile.read(path)[0]] for path in ports]
        wanted = [data for _, data in self.packets[:900]]
        self.assertEqual([data for _, data in sent[0]], wanted[0::3])
        self.assertEqual([data for _, data in sent[1]], [data for i, data in enumerate(wanted) if i % 3 != 0])
        times = {data: ns for ns, data in sent[0] + sent[1]}
        order = [times[data] for data in wanted]
        self.assertTrue(all(a <= b for a, b in zip(order, order[1:])))
        self.assertGreater(len(set(order)), 100)

    def test_total_order_over_ports_and_queues(self):
        """Two ports of two queues, a file for each queue: three feeds on three of the queues, and their times tell one order."""
        files = {name: self.path(name + '.pcap') for name in ('a0', 'a1', 'b0', 'b1')}
        ports = {name: f'dpdk:net_pcap{number},tx_pcap={files[name + "0"]},tx_pcap={files[name + "1"]},tx-queues=2'
                 for number, name in enumerate('ab')}
        done = replay(self.journal, '--from', T0, '--to', T0 + 900_000, '--speed', '0.002', '--out', f'ONE={ports["a"]}', '--out',
                      f'TWO={ports["b"]}', '--out', f'default={ports["a"]}', '--json')
        if done.returncode == 69 and 'DPDK' in done.stderr:
            self.skipTest('need a build with DPDK, found one without')
        self.assertEqual(done.returncode, 0, done.stderr)
        wanted = [data for _, data in self.packets[:900]]
        sent = {name: [(p.ns, p.data) for p in capfile.read(path)[0]] for name, path in files.items()}
        for name, feed in (('a0', 0), ('b0', 1), ('a1', 2), ('b1', 3)):
            self.assertEqual([data for _, data in sent[name]], wanted[feed::3] if feed < 3 else [])
        times = {data: ns for packets in sent.values() for ns, data in packets}
        order = [times[data] for data in wanted]
        self.assertTrue(all(a <= b for a, b in zip(order, order[1:])))
        self.assertGreater(len(set(order)), 100)

    def test_a_file_of_it(self):
        path, = glob.glob(self.journal + '/*/TWO/frames-0000.pcapng')
        got, _ = self.send(path)
        self.compare(got, [p for i, p in enumerate(self.packets) if i % 3 == 1])

    def damaged(self, at):
        """A copy of the journal; a bit of feed ONE is another."""
        copy = self.path('journal')
        shutil.copytree(self.journal, copy)
        path, = glob.glob(copy + '/*/ONE/frames-0000.pcapng')
        with open(path, 'r+b') as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1]))
        return copy

    def test_time_goes_on_over_a_hole(self):
        """What is before a hole and behind it leaves at its time, and the hole takes as long as it took when it was recorded."""
        copy, out = self.damaged(2 << 20), self.path('port.pcap')
        done = replay(copy, '--feed', 'ONE', '--speed', '0.05', '--out', f'dpdk:net_pcap0,tx_pcap={out}', '--json')
        if done.returncode == 69 and 'DPDK' in done.stderr:
            self.skipTest('need a build with DPDK, found one without')
        self.assertEqual(done.returncode, 65, done.stderr)
        report = json.loads(done.stdout)
        self.assertTrue(conserved(report) and report['damaged_extents'] == 1, report)
        recorded = {data: ns for ns, data in self.packets[0::3]}
        got = [(p.ns, recorded[p.data]) for p in capfile.read(out)[0]]
        self.assertEqual(len(got), report['packets_sent'])
        holes = [i for i, (one, two) in enumerate(zip(got, got[1:])) if two[1] - one[1] != 3000]
        self.assertEqual(len(holes), 1)
        self.assertTrue(100 < holes[0] < len(got) - 100)
        self.assertGreater(got[holes[0] + 1][1] - got[holes[0]][1], 3_000_000)
        slack_ns = 5_000_000  # the file's own clock is set once, and goes by estimate
        for at, ns in got:
            error_ns = at - got[0][0] - (ns - got[0][1]) * 20
            self.assertGreater(error_ns, -report['departure_error_ns_max'] - slack_ns)
            self.assertLess(error_ns, report['departure_error_ns_max'] + slack_ns)

    def test_damaged_block_is_passed_over(self):
        got, report = self.send(self.damaged(4096 + 5000), status=65)
        self.assertGreater(report['damaged_extents'], 0)
        self.assertGreater(report['damaged_bytes'], 4096)
        kept = {(p.ns, p.data) for p in got}
        self.assertEqual([(p.ns, p.data) for p in got], [p for p in self.packets if p in kept])
        lost = [i for i, p in enumerate(self.packets) if p not in kept]
        self.assertTrue(lost and all(i % 3 == 0 for i in lost))


class Whole(Case):
    """From a session that vega-gen makes, over a journal, to a replay."""

    def journal(self, name, *sources, conf=None):
        journal = self.path(name)
        done = vega.run('vega-capture', '--pcap', *sources, '--journal', journal, '--region', vega.REGION, *(['--config', conf] if conf else []))
        self.assertEqual(done.returncode, 0, done.stderr)
        return journal

    def test_same_seed_same_bytes(self):
        """Made twice from one seed, journalled twice, replayed twice each: one file; from another seed another."""
        conf = self.path('c.yaml')
        with open(conf, 'w', encoding='utf-8') as f:
            f.write(vega.MTBT_CONFIG)
        outs = []
        for name, seed, laps in (('a', 7, 2), ('b', 7, 1), ('c', 8, 1)):
            source = self.path(name + '.pcap')
            done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--seed', seed, '--packets', 20000, '--rate', 100000, '--ab', '--loss', '0.001', '-o', source)
            self.assertEqual(done.returncode, 0, done.stderr)
            journal = self.journal(name, source, conf=conf)
            for lap in range(laps):
                outs.append(self.path(f'{name}{lap}.out'))
                done = replay(journal, '--out', 'pcap:' + outs[-1])
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(os.path.getsize(outs[0]), 2_000_000)
        same = [filecmp.cmp(outs[0], other, shallow=False) for other in outs[1:]]
        self.assertEqual(same, [True, True, False])

    def peak(self, journal, out_bytes):
        """The most memory a replay had until it was all but through: the rest waits in a pipe."""
        fifo = self.path('fifo')
        os.mkfifo(fifo)
        process = vega.start('vega-replay', journal, '--out', 'pcap:' + fifo)
        with open(fifo, 'rb') as pipe:
            left = out_bytes - (4 << 20)
            while left > 0:
                left -= len(pipe.read(min(left, 1 << 20)))
            with open(f'/proc/{process.pid}/status', encoding='ascii') as status:
                peak_kib, = (int(line.split()[1]) for line in status if line.startswith('VmHWM:'))
            while pipe.read(1 << 20):
                pass
        _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, error)
        os.unlink(fifo)
        return peak_kib << 10

    def test_memory_does_not_grow_with_the_journal(self):
        """144 MiB more of journal, and not 8 MiB more of memory."""
        peaks = []
        for count in (16 << 10, 160 << 10):
            source = self.made('in.pcap', ((T0 + i * 1000, i.to_bytes(4, 'big') + bytes(1020)) for i in range(count)))
            journal = self.journal(f'journal{count}', source)
            peaks.append(self.peak(journal, 24 + count * (16 + 1024)))
            shutil.rmtree(journal)
        self.assertGreater(peaks[0], 8 << 20)  # the blocks that are read ahead
        self.assertLess(peaks[1], peaks[0] + (8 << 20))


if __name__ == '__main__':
    unittest.main()
