# SPDX-License-Identifier: BSD-3-Clause
"""vega-journal on journals made from capture files: counts, exports, seek, damage; and what other tools make of them.

usage: test_journal_tools.py VEGA_JOURNAL MKJOURNAL VEGA_GEN
"""
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import capfile

JOURNAL, MKJOURNAL, GEN = sys.argv[1:4]
del sys.argv[1:4]


def classic(packets, linktype=1):
    """A classic ns pcap of [(ns, data)]."""
    out = struct.pack('<IHHIIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, linktype)
    for ns, data in packets:
        out += struct.pack('<IIII', ns // 10**9, ns % 10**9, len(data), len(data)) + data
    return out


class Tools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='vega-tools-')
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.pcap = os.path.join(cls.folder, 'gen.pcap')
        subprocess.run([GEN, '--feed', 'nse-mtbt', '--seed', '7', '--packets', '5000', '-o', cls.pcap], check=True,
                       stdout=subprocess.DEVNULL)
        cls.packets, damage = capfile.read(cls.pcap)
        assert damage is None and len(cls.packets) == 5000

    def path(self, *parts):
        return os.path.join(self.folder, self.id().rsplit('.', 1)[-1], *parts)

    def make(self, feed='F', number=0, block=100, state='sealed', pcap=None, packets=None, linktype=1):
        """A journal file; returns (journal, file)."""
        os.makedirs(self.path(), exist_ok=True)
        if packets is not None:
            pcap = self.path(f'{feed}-{number}.pcap')
            with open(pcap, 'wb') as file:
                file.write(classic(packets, linktype))
        done = subprocess.run([MKJOURNAL, self.path('j'), feed, str(number), str(block), state, pcap or self.pcap],
                              check=True, capture_output=True, text=True)
        return self.path('j'), done.stdout.strip()

    def run_journal(self, *args, status=0):
        done = subprocess.run([JOURNAL, *args], capture_output=True, text=True)
        self.assertEqual(done.returncode, status, (args, done.stdout[-2000:], done.stderr[-2000:]))
        if status != 0:
            self.assertTrue(done.stderr.splitlines()[-1].startswith('vega-journal: '), done.stderr)
        return done

    def json(self, *args, status=0):
        return json.loads(self.run_journal(*args, '--json', status=status).stdout)

    def refused(self, status, needle, *args):
        done = self.run_journal(*args, status=status)
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertIn(needle, done.stderr)

    def export(self, journal, fmt, *args, status=0):
        out = self.path('out.' + fmt)
        self.run_journal('export', journal, '--format', fmt, '-o', out, *args, status=status)
        self.assertEqual([n for n in os.listdir(self.path()) if '.part-' in n], [])
        return out

    def test_info_and_ls(self):
        journal, file = self.make()
        times = [p.ns for p in self.packets]
        for path in (journal, file, os.path.dirname(file), os.path.dirname(os.path.dirname(file))):
            info = self.json('info', path)
            self.assertEqual((info['packets'], info['blocks'], info['files']), (5000, 50, 1))
            self.assertEqual((info['first_ns'], info['last_ns']), (min(times), max(times)))
            self.assertEqual((info['damaged_blocks'], info['holes'], info['sealed_files']), (0, 0, 1))
            self.assertEqual((info['feeds'], info['days'], info['linktypes']), (['F'], [20261120], [1]))
            self.assertEqual(info['bytes'], os.path.getsize(file))
        self.assertEqual(self.json('ls', journal)['files'][0]['path'], file)
        self.assertEqual(len(self.run_journal('ls', journal).stdout.splitlines()), 1)
        self.assertIn('5000', self.run_journal('info', journal).stdout)

    def test_losses_behind_the_last_block(self):
        journal, file = self.make(state='lossy')
        info = self.json('info', journal)
        self.assertEqual([info['lost_' + cause] for cause in ('lane_full', 'oversize', 'port', 'disk')], [7, 0, 11, 0])
        self.assertTrue(self.json('verify', journal)['ok'])
        with open(file, 'rb') as f:
            f.seek(-256 - 88, os.SEEK_END)
            block = f.read(88)
        kind, length, interface = struct.unpack('<III', block[:12])
        self.assertEqual((kind, length, interface), (5, 88, 0))
        options = {}
        at = 20
        while block[at] != 0:
            code, size = struct.unpack('<HH', block[at:at + 4])
            options[code] = block[at + 4:at + 4 + size]
            at += 4 + size
        counts = [struct.unpack('<Q', options[code])[0] for code in (4, 5, 7)]
        self.assertEqual(counts, [5018, 11, 7])
        times = [p.ns for p in self.packets]
        for code, ns in ((2, min(times)), (3, max(times))):
            self.assertEqual(struct.unpack('<II', options[code]), (ns >> 32, ns & 0xffffffff))

    @unittest.skipUnless(shutil.which('capinfos'), 'capinfos is not installed')
    def test_capinfos_finds_the_statistics(self):
        _, file = self.make(state='lossy')
        told = subprocess.run(['capinfos', file], capture_output=True, text=True, check=True).stdout
        self.assertIn('Number of stat entries = 1', told)
        self.assertIn('Number of packets = 5000', told)

    def test_verify_says_ok(self):
        journal, _ = self.make()
        self.make(number=1, state='open')
        told = self.json('verify', journal)
        self.assertEqual((told['ok'], told['damaged_blocks'], told['damages']), (True, 0, []))
        self.assertEqual((told['files'], told['packets'], told['unsealed_files']), (2, 10000, 1))

    def test_verify_names_the_damage(self):
        journal, file = self.make()
        with open(file, 'r+b') as f:
            f.seek(4096 + 300)
            f.write(b'\xff')
        told = self.json('verify', journal, status=65)
        self.assertEqual((told['ok'], told['damaged_blocks'], told['packets']), (False, 1, 4900))
        self.assertEqual([d['file_offset'] for d in told['damages']], [4096 + 256])
        self.assertIn('DAMAGED', self.run_journal('verify', journal, status=65).stdout)
        # All but the damaged block comes out, and the exit says that it is not all.
        packets, _ = capfile.read(self.export(journal, 'pcap', status=65))
        self.assertEqual(packets, self.packets[100:])

    def test_recover_seals(self):
        journal, file = self.make(state='open')
        size = os.path.getsize(file)
        with open(file, 'r+b') as f:
            f.seek(4096 + 10 * (size - 4096) // 50 // 4096 * 4096 + 300)
            f.write(bytes(64))
            f.seek(size)
            f.write(b'torn' * 500)
        self.assertEqual(self.json('verify', journal, status=65)['unsealed_files'], 1)
        kept = self.json('recover', journal)
        self.assertEqual((kept['files'], kept['files_sealed_now'], kept['packets'], kept['cut_bytes']), (1, 1, 4900, 2000))
        told = self.json('verify', journal)
        self.assertEqual((told['ok'], told['packets'], told['unsealed_files'], told['holes']), (True, 4900, 0, 1))
        info = self.json('info', journal)
        self.assertEqual((info['packets'], info['damaged_blocks'], info['holes']), (4900, 0, 1))
        packets, damage = capfile.read(self.export(journal, 'pcap'))
        self.assertEqual((len(packets), damage), (4900, None))
        self.assertEqual(self.json('recover', journal)['files_sealed_now'], 0)

    def test_recover_waits_for_a_dying_capture(self):
        journal, file = self.make(state='open')
        with open(file, 'rb') as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.refused(75, 'frames-0000.pcapng', 'recover', journal)
            waiting = subprocess.Popen([JOURNAL, 'recover', journal], stdout=subprocess.DEVNULL)
            with self.assertRaises(subprocess.TimeoutExpired):
                waiting.wait(0.2)
            fcntl.flock(held, fcntl.LOCK_UN)
            self.assertEqual(waiting.wait(30), 0)

    def test_export_is_the_input(self):
        for state in ('sealed', 'open'):
            journal, _ = self.make(state=state)
            with open(self.pcap, 'rb') as a, open(self.export(journal, 'pcap'), 'rb') as b:
                self.assertEqual(a.read()[24:], b.read()[24:])
            self.assertEqual(capfile.read(self.export(journal, 'pcapng')), (self.packets, None))

    def test_export_to_standard_output(self):
        journal, _ = self.make()
        done = subprocess.run([JOURNAL, 'export', journal, '--format', 'pcapng', '-o', '-'], capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        self.assertEqual(capfile.parse(done.stdout), (self.packets, None))

    def test_export_rows(self):
        journal, _ = self.make(feed='A,B')
        with open(self.export(journal, 'csv'), encoding='ascii') as file:
            rows = file.read().splitlines()
        self.assertEqual(rows[0], 'recv_ns,feed,interface,captured_bytes,wire_bytes,frame_number')
        self.assertEqual(rows[1:], [f'{p.ns},"A,B",0,{p.captured},{p.wire},{n}' for n, p in enumerate(self.packets)])
        with open(self.export(journal, 'jsonl'), encoding='ascii') as file:
            for n, line in enumerate(file):
                row = json.loads(line)
                self.assertEqual((row['recv_ns'], row['feed'], row['frame_number']), (self.packets[n].ns, 'A,B', n))

    def test_export_from_to(self):
        journal, _ = self.make()
        times = sorted(p.ns for p in self.packets)
        begin, end = times[1000], times[4000]
        packets, _ = capfile.read(self.export(journal, 'pcap', '--from', str(begin), '--to', str(end)))
        self.assertEqual(packets, [p for p in self.packets if begin <= p.ns < end])
        self.refused(64, '--from', 'export', journal, '--format', 'pcap', '-o', self.path('x'), '--from', '9', '--to', '8')

    def test_feeds_are_merged_by_time(self):
        one = [(10**18 + n * 10, b'one%05d' % n) for n in range(1000)]
        two = [(10**18 + n * 15, b'two%05d' % n) for n in range(700)]
        journal, _ = self.make('default.1', packets=two)
        self.make('default.0', packets=one[:500])
        self.make('default.0', number=1, packets=one[500:])
        self.make('OTHER', packets=[(10**18, b'other')])
        for args in ([], ['--feed', 'default', '--feed', 'OTHER']):
            packets, _ = capfile.read(self.export(journal, 'pcap', *args))
            want = sorted([(10**18, b'other')] + one + two, key=lambda p: p[0])
            self.assertEqual([(p.ns, p.data) for p in packets], want)
        packets, _ = capfile.read(self.export(journal, 'pcapng', '--feed', 'default.1'))
        self.assertEqual([(p.ns, p.data) for p in packets], two)
        self.refused(66, 'nosuch', 'export', journal, '--format', 'pcap', '-o', self.path('x'), '--feed', 'nosuch')
        self.assertFalse(os.path.exists(self.path('x')))

    def test_link_types(self):
        journal, _ = self.make('A', packets=[(5, b'ether')])
        self.make('B', packets=[(6, b'raw')], linktype=101)
        self.refused(65, 'pcapng', 'export', journal, '--format', 'pcap', '-o', self.path('x'))
        packets, _ = capfile.read(self.export(journal, 'pcapng'))
        self.assertEqual([(p.linktype, p.data) for p in packets], [(1, b'ether'), (101, b'raw')])
        packets, _ = capfile.read(self.export(journal, 'pcap', '--feed', 'B'))
        self.assertEqual([(p.linktype, p.data) for p in packets], [(101, b'raw')])

    def test_seek(self):
        journal, file = self.make()
        times = [p.ns for p in self.packets]
        for at in (times[0] - 1, times[0], times[77] + 1, times[2500], times[-1]):
            want = next(n for n, ns in enumerate(times) if ns >= at)
            told = self.json('seek', journal, '--at', str(at))
            self.assertEqual((told['frame_number'], told['recv_ns']), (want, times[want]))
            self.assertEqual((told['blocks_read'], told['file']), (1, file))
            with open(file, 'rb') as f:
                f.seek(told['block_offset'])
                self.assertEqual(struct.unpack('<I', f.read(4))[0], 0xD6454702)
        self.refused(66, 'none', 'seek', journal, '--at', str(max(times) + 1))
        self.refused(64, '--at', 'seek', journal)
        self.refused(64, 'noon', 'seek', journal, '--at', 'noon')

    def test_what_is_no_journal(self):
        os.makedirs(self.path('empty'))
        for verb in ('ls', 'info', 'verify', 'recover'):
            self.refused(66, 'nothere', verb, self.path('nothere'))
            self.refused(66, 'frames-NNNN.pcapng', verb, self.path('empty'))
            self.refused(65, 'gen.pcap', verb, self.pcap)
        for args in ([], ['bogus'], ['info'], ['info', 'a', 'b']):
            self.assertEqual(subprocess.run([JOURNAL, *args], capture_output=True).returncode, 64)
        self.refused(64, 'pcapng', 'export', self.pcap, '-o', 'x')
        journal, _ = self.make()
        self.refused(64, 'xml', 'export', journal, '--format', 'xml', '-o', self.path('x'))
        self.refused(65, 'records', 'export', journal, '--format', 'csv', '-o', self.path('x'), '--instrument', '5')
        self.refused(73, 'nodir', 'export', journal, '--format', 'pcap', '-o', self.path('nodir', 'x'))

    def test_other_tools_read_it(self):
        missing = [t for t in ('tshark', 'capinfos', 'tcpdump') if shutil.which(t) is None]
        if missing:
            self.skipTest('need ' + ', '.join(missing))
        for state in ('sealed', 'open'):
            _, file = self.make(state=state)
            shark = subprocess.run(['tshark', '-n', '-r', file, '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.len'],
                                   capture_output=True, text=True)
            self.assertEqual(shark.returncode, 0, shark.stderr)
            want = [f'{p.ns // 10**9}.{p.ns % 10**9:09d}\t{p.wire}' for p in self.packets]
            self.assertEqual(shark.stdout.splitlines(), want)
            infos = subprocess.run(['capinfos', '-TrcM', file], capture_output=True, text=True)
            self.assertEqual(infos.stdout.strip().split('\t')[-1], '5000')
            dump = subprocess.run(['tcpdump', '-n', '-q', '--count', '-r', file], capture_output=True, text=True)
            self.assertEqual(dump.returncode, 0, dump.stderr)
            self.assertIn('5000 packets', dump.stdout)
            # Our reader, the independent one, reads it as a plain pcapng file too.
            self.assertEqual(capfile.read(file), (self.packets, None))


if __name__ == '__main__':
    unittest.main()
