#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-replay with other times and addresses than recorded: exchange time, gaps, rate, laps, packets, rewriting; and the pages of figures.

usage: test_replay_shape.py BUILD
"""
import html.parser
import json
import os
import shutil
import struct
import subprocess
import unittest

import capfile
import vega

MTBT = capfile.shared('nse-synthetic', 'nse_mtbt_fo_ab.pcap')
NNF = capfile.shared('nse-synthetic', 'nse_nnf_fo.pcap')
T0 = 1748403900 * 10**9
NSE_EPOCH = (315532800 - 19800) * 10**9  # 1980 on Indian clocks


def checksum(data):
    total = sum(struct.unpack(f'>{(len(data) + 1) // 2}H', data + b'\0' * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def address(text):
    return bytes(map(int, text.split('.')))


def udp_frame(payload, group='239.1.1.1', port=5000, vlan=None, source='192.0.2.9'):
    udp = struct.pack('>HHHH', 40000, port, 8 + len(payload), 0) + payload
    pseudo = address(source) + address(group) + struct.pack('>HH', 17, len(udp))
    udp = udp[:6] + struct.pack('>H', checksum(pseudo + udp) or 0xffff) + udp[8:]
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 7, 0, 16, 17, 0, address(source), address(group))
    ip = ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:]
    tag = b'' if vlan is None else struct.pack('>HH', 0x8100, vlan)
    return b'\x01\x00\x5e' + bytes([address(group)[1] & 127]) + address(group)[2:] + b'\x02\x00\x00\x00\x00\x01' + tag + b'\x08\x00' + ip + udp


def mtbt(seq, ns, kind=b'N'):
    """A datagram of one order message, or of a heartbeat."""
    if kind == b'Z':
        return struct.pack('<HHIcI', 13, 1, 0, b'Z', seq)
    return struct.pack('<HHIcQdIcII', 38, 1, seq, kind, ns - NSE_EPOCH, 1000.0 + seq, 35001, b'B', 100, 5)


class Case(unittest.TestCase):
    def setUp(self):
        context = vega.scratch()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def path(self, name):
        return os.path.join(self.dir, name)

    def made(self, name, packets):
        capfile.write(self.path(name), packets)
        return self.path(name)

    def conf(self, text):
        with open(self.path('c.yaml'), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path('c.yaml')

    def send(self, *args, status=0):
        out = self.path('out.pcap')
        done = vega.run('vega-replay', *args, '--out', 'pcap:' + out, '--json')
        self.assertEqual(done.returncode, status, done.stderr)
        return capfile.read(out)[0], json.loads(done.stdout)

    def refuse(self, status, *args):
        done = vega.run('vega-replay', *args, '--out', 'null')
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)
        return done.stderr


class Clock(Case):
    def test_exchange_time(self):
        made = [T0 + t for t in (5000, 7000, 7001, 90000)]
        packets = [(10**18, udp_frame(mtbt(9, 0, b'Z'))), *((10**18 + i * 1000, udp_frame(mtbt(i, ns))) for i, ns in enumerate(made))]
        packets.insert(3, (10**18 + 1500, udp_frame(mtbt(9, 0, b'Z'))))
        got, report = self.send(self.made('in.pcap', packets), '--clock', 'exchange')
        self.assertEqual([p.ns for p in got], [made[0], made[0], made[1], made[1], made[2], made[3]])
        self.assertEqual([p.data for p in got], [data for _, data in packets])
        self.assertEqual((report['clock'], report['packets_without_exchange_time']), ('exchange', 2))

    def test_a_wrong_time_is_not_waited_for(self):
        made = [T0, T0 + 1000, T0 + 86400 * 10**9, T0 + 2000]
        got, report = self.send(self.made('in.pcap', [(T0 + i, udp_frame(mtbt(i, ns))) for i, ns in enumerate(made)]), '--clock', 'exchange')
        self.assertEqual([p.ns for p in got], [T0, T0 + 1000, T0 + 1000, T0 + 2000])
        self.assertEqual(report['packets_without_exchange_time'], 1)

    def test_times_that_no_difference_holds(self):
        """Received in 2103 what was made in 1980, then by a time in the year 2315: the second is a mistake."""
        packets = [(42 * 10**17, udp_frame(mtbt(1, NSE_EPOCH + 1))), (T0, udp_frame(mtbt(2, T0 + 92 * 10**17)))]
        got, report = self.send(self.made('in.pcap', packets), '--clock', 'exchange')
        self.assertEqual([p.ns for p in got], [NSE_EPOCH + 1] * 2)
        self.assertEqual(report['packets_without_exchange_time'], 1)

    def test_feeds_are_merged_by_it(self):
        left = [(T0 + i * 1000, udp_frame(mtbt(i, T0 + i * 1000))) for i in range(500)]
        right = [(T0 + 10**8 + i * 1000, udp_frame(mtbt(i, T0 + 500 + i * 1000), port=5001)) for i in range(500)]
        got, _ = self.send(self.made('l.pcap', left), self.made('r.pcap', right), '--clock', 'exchange')
        self.assertEqual([p.ns for p in got], [T0 + i * 500 for i in range(1000)])

    def test_limits_are_of_receive_time(self):
        packets = [(T0 + i * 1000, udp_frame(mtbt(i, T0 - 10**9 + i))) for i in range(100)]
        got, _ = self.send(self.made('in.pcap', packets), '--clock', 'exchange', '--from', T0 + 10000, '--to', T0 + 20000)
        self.assertEqual([p.ns for p in got], [T0 - 10**9 + i for i in range(10, 20)])

    def test_what_cannot_be(self):
        plain = self.made('plain.pcap', [(T0, udp_frame(b'\0' * 40))])
        self.assertIn('exchange times', self.refuse(65, plain, '--clock', 'exchange'))
        self.refuse(64, plain, '--clock', 'wall')
        if NNF is None:
            self.skipTest('need the shared captures, found none; set VEGA_SHARED')
        self.assertIn('whole seconds', self.refuse(65, NNF, '--clock', 'exchange', '--speed', 'max'))

    def test_real_session(self):
        if MTBT is None:
            self.skipTest('need the shared captures, found none; set VEGA_SHARED')
        source, _ = capfile.read(MTBT)
        got, report = self.send(MTBT, '--clock', 'exchange')
        self.assertEqual([p.data for p in got], [p.data for p in source])
        now, wanted = None, []
        for p in source:
            payload = p.data[42:]
            if payload[8:9] in (b'N', b'M', b'X', b'G', b'H', b'J', b'T', b'K', b'C'):
                now = NSE_EPOCH + struct.unpack('<Q', payload[9:17])[0]
            wanted.append(now)
        first = next(ns for ns in wanted if ns is not None)
        self.assertEqual([p.ns for p in got], [first if ns is None else ns for ns in wanted])
        self.assertGreater(len(got), report['packets_without_exchange_time'])


class RecordedClock(Case):
    """Exchange times from the records of a journal, and from its frames alone: the same file, byte for byte."""

    def setUp(self):
        super().setUp()
        self.addCleanup(vega.forget, vega.REGION)
        self.journal = self.path('j')

    def files(self, journal, kind):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(journal) for name in names if name.startswith(kind))

    def without_records(self):
        bare = shutil.copytree(self.journal, self.path('bare'))
        for path in self.files(bare, 'records-'):
            os.unlink(path)
        return bare

    def bytes_of(self, *args):
        _, report = self.send(*args, '--clock', 'exchange')
        with open(self.path('out.pcap'), 'rb') as file:
            return file.read(), report

    def check_same(self, config, *captures):
        vega.capture_shared(self, config, self.journal, *captures)
        told, report = self.bytes_of(self.journal)
        decoded, decoded_report = self.bytes_of(self.without_records())
        self.assertEqual(told, decoded)
        self.assertEqual(decoded_report['packets_timed_by_records'], 0)
        for key in ('packets_read', 'packets_without_exchange_time', 'first_ns', 'last_ns'):
            self.assertEqual(report[key], decoded_report[key], key)
        return report

    def test_two_lines(self):
        """What the other line brought has no records, and is decoded."""
        report = self.check_same(vega.MTBT_CONFIG, 'nse-synthetic/nse_mtbt_fo_ab.pcap')
        self.assertGreater(report['packets_timed_by_records'], report['packets_read'] * 0.4)
        self.assertLess(report['packets_timed_by_records'], report['packets_read'] * 0.7)

    def test_one_line(self):
        report = self.check_same(vega.TOPS_CONFIG, 'go-iex/TOPS16.pcapng')
        self.assertEqual(report['packets_timed_by_records'], report['packets_read'] - report['packets_without_exchange_time'])

    def test_a_window(self):
        self.check_same(vega.MTBT_CONFIG, 'nse-synthetic/nse_mtbt_fo_ab.pcap')
        frames, _ = capfile.read(self.files(self.journal, 'frames-')[0])
        window = ['--from', frames[len(frames) // 3].ns, '--to', frames[len(frames) // 2].ns]
        told, report = self.bytes_of(self.journal, *window)
        self.assertGreater(report['packets_timed_by_records'], 100)
        self.assertEqual(told, self.bytes_of(self.path('bare'), *window)[0])

    def test_damaged_records(self):
        """A block of records that is torn, and a file that ends early: their frames are decoded."""
        self.check_same(vega.MTBT_CONFIG, 'nse-synthetic/nse_mtbt_fo_ab.pcap')
        whole, report = self.bytes_of(self.path('bare'))
        path = self.files(self.journal, 'records-')[0]
        with open(path, 'r+b') as file:
            file.seek(4096 + 300)
            file.write(b'torn')
        told, report = self.bytes_of(self.journal)
        self.assertEqual((told == whole, report['packets_timed_by_records']), (True, 0))
        os.truncate(path, 4096)
        self.assertEqual(self.bytes_of(self.journal)[0], whole)

    def test_whole_seconds_are_refused(self):
        vega.capture_shared(self, vega.NNF_CONFIG, self.journal, 'nse-synthetic/nse_nnf_fo.pcap')
        for journal in (self.journal, self.without_records()):
            self.assertIn('whole seconds', self.refuse(65, journal, '--clock', 'exchange', '--speed', 'max'))

    def test_whole_seconds_of_any_format_are_refused(self):
        source = self.made('in.pcap', [(T0 + i, udp_frame(mtbt(i + 1, T0 + i * 10**9))) for i in range(20)])
        conf = self.conf(vega.feed_config('FO', 'Asia/Kolkata', ['group: 239.1.1.1, port: 5000, format: nse-mtbt']))
        done = vega.run('vega-capture', '--config', conf, '--region', vega.REGION, '--journal', self.journal, '--pcap', source)
        self.assertEqual(done.returncode, 0, done.stderr)
        for journal in (self.journal, self.without_records()):
            self.assertIn('whole seconds', self.refuse(65, journal, '--clock', 'exchange', '--speed', 'max'))


class Schedule(Case):
    def test_rate(self):
        source = self.made('in.pcap', [(T0 + i * 10**12, udp_frame(b'x' * 9)) for i in range(101)])
        report = vega.output('vega-replay', source, '--out', 'null', '--rate', '1000')
        self.assertGreaterEqual(report['duration_ns'], 100_000_000 - report['departure_error_ns_max'])
        self.assertLess(report['duration_ns'] - 100_000_000, report['departure_error_ns_max'] + 50_000_000)
        self.assertEqual(report['rate_pps'], 1000)
        self.refuse(64, source, '--rate', '0')
        self.refuse(64, source, '--rate', '5', '--speed', '2')

    def test_longest_gap(self):
        source = self.made('in.pcap', [(T0, udp_frame(b'1')), (T0 + 3600 * 10**9, udp_frame(b'2'))])
        report = vega.output('vega-replay', source, '--out', 'null', '--max-gap', '30ms')
        self.assertGreaterEqual(report['duration_ns'], 30_000_000 - report['departure_error_ns_max'])
        self.refuse(64, source, '--max-gap', '0s')

    def test_laps(self):
        packets = [(T0 + i * 1000, udp_frame(bytes([i]))) for i in range(50)]
        source = self.made('in.pcap', packets)
        got, report = self.send(source, '--loop', '3')
        self.assertEqual([(p.ns, p.data) for p in got], packets * 3)
        self.assertEqual((report['laps'], report['packets_sent']), (3, 150))
        self.refuse(64, '-', '--loop', '2')
        self.refuse(64, source, '--loop', '0')

    def test_packets(self):
        packets = [(T0 + i * 1000, udp_frame(i.to_bytes(4, 'big'))) for i in range(20000)]
        source = self.made('in.pcap', packets)
        got, report = self.send(source, '--from-packet', '15001', '--to-packet', '15100')
        self.assertEqual([(p.ns, p.data) for p in got], packets[15000:15100])
        self.assertEqual(report['packets_read'], 100)
        got, _ = self.send(source, '--from-packet', '19999', '--loop', '2')
        self.assertEqual([(p.ns, p.data) for p in got], packets[19998:] * 2)
        got, _ = self.send(source, '--from-packet', '20001')
        self.assertEqual(got, [])
        self.refuse(64, source, '--from-packet', '9', '--to-packet', '8')
        self.refuse(64, source, '--from-packet', '0')

    def test_paused_needs_a_terminal(self):
        self.refuse(64, self.made('in.pcap', [(T0, udp_frame(b'1'))]), '--paused', '--speed', '1')


class Rewrite(Case):
    RULES = '''rewrite:
  - {group: 239.1.1.1, port: 5000, to_group: 239.9.9.9, to_port: 6000, to_vlan: 20, source: 10.0.0.1, source_mac: "02:00:00:00:00:77"}
  - {vlan: 10, to_vlan: untagged}
  - {group: 239.1.1.2, to_group: 239.200.0.2}
'''

    def test_addresses(self):
        source = [(T0, udp_frame(b'one', port=5000)), (T0 + 1, udp_frame(b'two', port=5001)), (T0 + 2, udp_frame(b'three', vlan=10)),
                  (T0 + 3, udp_frame(b'four', port=5009, vlan=10)), (T0 + 4, udp_frame(b'five', '239.1.1.2')), (T0 + 5, bytes(60))]
        got, report = self.send(self.made('in.pcap', source), '--config', self.conf(self.RULES))
        def one(payload):
            frame = udp_frame(payload, '239.9.9.9', 6000, 20, '10.0.0.1')
            return frame[:6] + b'\x02\x00\x00\x00\x00\x77' + frame[12:]
        wanted = [one(b'one'), source[1][1], one(b'three'), udp_frame(b'four', port=5009), udp_frame(b'five', '239.200.0.2'), bytes(60)]
        for a, b in zip(got, wanted):
            self.assertEqual(a.data.hex(), b.hex())
        self.assertEqual([p.ns for p in got], [ns for ns, _ in source])
        self.assertEqual(report['packets_sent'], 6)

    def test_another_eye(self):
        if shutil.which('tshark') is None:
            self.skipTest('need tshark, found none')
        source = self.made('in.pcap', [(T0 + i, udp_frame(i.to_bytes(4, 'big') * (i % 9), port=5000 + i % 2)) for i in range(200)])
        self.send(source, '--config', self.conf(self.RULES))
        fields = ['ip.dst', 'udp.dstport', 'vlan.id', 'ip.checksum.status', 'udp.checksum.status', 'eth.dst', 'ip.src']
        seen = subprocess.run(['tshark', '-r', self.path('out.pcap'), '-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-T',
                               'fields', *(x for f in fields for x in ('-e', f))], capture_output=True, text=True, check=True).stdout
        lines = seen.splitlines()
        self.assertEqual(len(lines), 200)
        self.assertEqual(set(lines), {'239.9.9.9\t6000\t20\t1\t1\t01:00:5e:09:09:09\t10.0.0.1',
                                      '239.1.1.1\t5001\t\t1\t1\t01:00:5e:01:01:01\t192.0.2.9'})

    def test_both_at_once(self):
        packets = [(T0 + i * 1000, udp_frame(mtbt(i, T0 + 10**9 + i))) for i in range(100)]
        got, _ = self.send(self.made('in.pcap', packets), '--config', self.conf(self.RULES), '--clock', 'exchange')
        self.assertEqual([p.ns for p in got], [T0 + 10**9 + i for i in range(100)])
        self.assertTrue(all(p.data[12:18] == b'\x81\x00\x00\x14\x08\x00' for p in got))

    def test_what_a_map_cannot_say(self):
        source = self.made('in.pcap', [(T0, udp_frame(b'1'))])
        for rule, word in (('group: x', 'group'), ('to_vlan: 4095', 'to_vlan'), ('to_mac: "02:00"', 'to_mac'), ('to_mac: "02:00:00:00:00:0g"', 'to_mac'),
                           ('group: 239.1.1.1, to_group: "ff02::1"', 'to_group'), ('to_port: 0', 'to_port'), ('sauce: 1', 'sauce')):
            self.assertIn(word, self.refuse(78, source, '--config', self.conf('rewrite:\n  - {' + rule + '}\n')))
        self.refuse(66, source, '--config', self.path('none.yaml'))


class Page(html.parser.HTMLParser):
    """The plots and the table of a report's page; anything that would be fetched is an error."""

    def __init__(self, path):
        super().__init__()
        self.titles, self.lines, self.bars, self.cells, self.open = [], [], 0, [], []
        with open(path, encoding='utf-8') as f:
            self.feed(f.read())
        if self.open:
            raise AssertionError(f'not closed: {self.open}')

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ('script', 'link', 'img', 'iframe') or {'src', 'href'} & set(attrs) or 'url(' in str(attrs):
            raise AssertionError(f'a page must be whole by itself: {tag} {attrs}')
        if tag != 'meta':
            self.open.append(tag)
        if tag == 'polyline':
            self.lines.append([tuple(map(float, p.split(','))) for p in attrs['points'].split()])
        self.bars += tag == 'rect'

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise AssertionError(f'closed too early: {tag}')

    def handle_data(self, data):
        if self.open[-1:] == ['h2']:
            self.titles.append(data)
        if self.open[-1:] == ['td']:
            self.cells.append(data)


class Pages(Case):
    def check_lines(self, page):
        for line in page.lines:
            self.assertGreater(len(line), 1)
            self.assertTrue(all(0 <= x <= 900 and -0.1 <= y <= 240.1 for x, y in line), line)
            self.assertEqual(line, sorted(line, key=lambda p: p[0]))

    def test_report(self):
        source, path = self.made('in<&">.pcap', [(T0 + i * 50000, udp_frame(b'x')) for i in range(2000)]), self.path('r.html')
        report = vega.output('vega-replay', source, '--out', 'null', '--html', path)
        page = Page(path)
        self.assertEqual(page.titles, ['Error over time', 'Errors', 'Packets a second', 'Figures'])
        self.assertEqual(len(page.lines), 4)
        self.assertGreater(page.bars, 1)
        with open(path, encoding='utf-8') as file:
            self.assertIn('Departures: spun on the TSC.', file.read())
        self.check_lines(page)
        figures = dict(zip(page.cells[::2], page.cells[1::2]))
        self.assertEqual(set(figures), set(report) - {'disturbed_packets'})  # lists are for programs
        for key in ('packets_sent', 'departure_error_ns_max', 'late_count', 'drift_ns'):
            self.assertEqual(figures[key], str(report[key]))

    def test_full_speed_has_no_errors_to_plot(self):
        source, path = self.made('in.pcap', [(T0 + i, udp_frame(b'x')) for i in range(2000)]), self.path('r.html')
        self.send(source, '--html', path)
        page = Page(path)
        self.assertEqual((page.titles, len(page.lines)), (['Packets a second', 'Figures'], 1))

    def test_names_are_text(self):
        path = self.path('r.html')
        done = vega.run('vega-replay', self.made('in.pcap', [(T0, udp_frame(b'x'))]), '--out', 'pcap:' + self.path('<b>&".pcap'), '--html', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('pcap:' + self.path('<b>&".pcap'), ''.join(Page(path).cells))

    def test_compare(self):
        packets = [(T0 + i * 100000, udp_frame(i.to_bytes(4, 'big'))) for i in range(1000)]
        late = [(ns + 7 * i, data) for i, (ns, data) in enumerate(packets)]
        path = self.path('c.html')
        got = vega.output('vega-compare', self.made('o.pcap', packets), self.made('c.pcap', late), '--html', path)
        page = Page(path)
        self.assertEqual((len(page.lines), got['drift_ns']), (4, 6993))
        self.check_lines(page)
        heights = [y for _, y in page.lines[1]]
        self.assertEqual(heights, sorted(heights, reverse=True))  # an error that grows, upwards

    def test_where_it_cannot_be(self):
        source = self.made('in.pcap', [(T0, udp_frame(b'x'))])
        self.refuse(73, source, '--html', self.path('none/r.html'))
        self.refuse(73, source, '--html', source)


if __name__ == '__main__':
    unittest.main()
