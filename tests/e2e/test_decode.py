# SPDX-License-Identifier: BSD-3-Clause
"""vega-decode over real captures: the canonical lines, counts, sequences and gaps of every truth.json that has them.

    test_decode.py BUILD
"""
import collections
import hashlib
import json
import os
import struct
import subprocess
import unittest

import vega
import capfile

FOLDERS = ('go-iex', 'itch-file', 'omi-data-packets', 'omi-data-packets-history')
FEEDS = {'mold': 'itch', 'iextp': 'iex', 'mdp3': 'cme-mdp3'}
GAP_CNT_SHOWN = 20  # of truth.json


def truths():
    """(path, truth) of each file that has its canonical lines described."""
    for folder in FOLDERS:
        path = capfile.shared(folder, 'truth.json')
        if path is None:
            raise unittest.SkipTest(f'need the shared captures, found no {folder}; set VEGA_SHARED')
        with open(path, encoding='utf-8') as text:
            whole = json.load(text)
        for truth in whole.get('files', [whole]):
            if 'canonical_sha256' in truth:
                yield capfile.shared(folder, truth['file']), truth


def decode(*args):
    """(status, standard output as bytes, standard error)."""
    done = subprocess.run([vega.program('vega-decode'), *args], capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


class Channel:
    """What a channel's lines tell of its sequence, in the order they came."""

    def __init__(self):
        self.types = collections.Counter()
        self.seqs = []

    def first_and_last(self):
        return self.seqs[0], max(self.seqs)

    def gaps(self):
        """As a receiver sees them: what is passed over is missing, what comes again or late fills nothing."""
        last, found = self.seqs[0], []
        for seq in self.seqs:
            if seq > last + 1:
                found.append([last + 1, seq - 1])
            last = max(last, seq)
        return found


def read_lines(output):
    channels = collections.defaultdict(Channel)
    for line in output.decode('latin-1').split('\n')[:-1]:
        _, name, seq, rest = line.split(' ', 3)
        channels[name].types[rest[5:].split(' ', 1)[0]] += 1
        channels[name].seqs.append(int(seq))
    return channels


def summary(text):
    """The last line of the summary as numbers: packets, messages, heartbeats, malformed, foreign, not UDP, odd."""
    line = next(line for line in text.split('\n') if ' packets, ' in line)
    return [int(word) for word in line.replace(';', ' ').replace(',', ' ').split() if word.isdigit()]


class Truth(unittest.TestCase):
    def check_channels(self, output, truth):
        channels = read_lines(output)
        with_messages = {name: of for name, of in truth['channels'].items() if of['messages']}
        self.assertEqual(set(channels), set(with_messages))
        for name, of in with_messages.items():
            channel = channels[name]
            self.assertEqual(channel.types, of['types'])
            if set(channel.seqs) == {0}:  # re-framed by its collector: no sequence was kept
                continue
            self.assertEqual(channel.first_and_last(), (of['first_seq'], of['last_seq']))
            gaps = channel.gaps()
            self.assertEqual(len(gaps), of['gap_count'])
            self.assertEqual(sum(last - first + 1 for first, last in gaps), of['missing'])
            self.assertEqual(gaps[:GAP_CNT_SHOWN], of['gaps'][:GAP_CNT_SHOWN])

    def check_file(self, path, truth, *feed):
        status, output, told = decode('--lines', *feed, path)
        self.assertEqual(hashlib.sha256(output).hexdigest(), truth['canonical_sha256'])
        self.assertEqual(status, 65 if truth.get('truncated_tail') else 0)
        self.check_channels(output, truth)
        packets, messages, _, malformed, foreign, not_udp, odd = summary(told)
        self.assertEqual(messages, truth['messages'])
        self.assertEqual((malformed, odd), (0, 0))
        self.assertEqual(packets, truth['packets'])
        self.assertEqual(not_udp, truth['non_udp'])
        return foreign

    def test_every_capture(self):
        cnt = 0
        for path, truth in truths():
            if 'packets' not in truth:
                continue
            with self.subTest(file=truth['file']):
                feed = FEEDS[truth['protocol']]
                foreign = self.check_file(path, truth, '--feed', feed)
                self.assertEqual(foreign, 0)
                self.check_file(path, truth)
                cnt += 1
        self.assertGreater(cnt, 80)

    def test_guess_is_told(self):
        for path, truth in truths():
            if truth.get('messages') and 'packets' in truth:
                _, _, told = decode('--lines', path)
                self.assertIn(f'guessed {FEEDS[truth["protocol"]]} for {len(truth["channels"])} channel', told)

    def test_json_is_the_same_messages(self):
        for path, truth in truths():
            if truth['bytes'] > 1000000:
                continue
            with self.subTest(file=truth['file']):
                _, output, _ = decode('--json', path)
                messages = [json.loads(line) for line in output.decode().split('\n')[:-1]]
                self.assertEqual(len(messages), truth['messages'])
                types = collections.Counter(str(m['type']) for m in messages)
                self.assertEqual(types, truth.get('types_total', truth.get('types')))

    def test_day_file(self):
        path, truth = next((p, t) for p, t in truths() if t['file'] == 'sample.itch')
        for feed in ((), ('--feed', 'itch')):
            status, output, told = decode('--lines', *feed, path)
            self.assertEqual(hashlib.sha256(output).hexdigest(), truth['canonical_sha256'])
            types = collections.Counter(line[5:6] for line in output.decode('latin-1').split('\n')[:-1])
            self.assertEqual(types, truth['types'])
            self.assertEqual(status, 65)
            self.assertIn('need 39 bytes, found 13', told)
        self.assertEqual(decode('--feed', 'iex', path)[0], 65)
        self.assertEqual(decode('--from', '0', path)[0], 64)

    def test_whole_day_file(self):
        path, truth = next((p, t) for p, t in truths() if t['file'] == 'sample.itch')
        with vega.scratch() as folder, open(path, 'rb') as cut:
            whole = os.path.join(folder, 'whole.itch')
            with open(whole, 'wb') as file:
                file.write(cut.read()[:-truth['cut_tail_bytes']] + b'\0\0')
            status, output, _ = decode('--lines', whole)
            self.assertEqual((status, hashlib.sha256(output).hexdigest()), (0, truth['canonical_sha256']))


class Options(unittest.TestCase):
    def setUp(self):
        self.path, self.truth = next((p, t) for p, t in truths() if t['file'] == 'TOPS16.pcapng')

    def test_window(self):
        _, whole, _ = decode('--lines', self.path)
        lines = whole.split(b'\n')[:-1]
        times = [int(line.split(b' ')[0]) for line in lines]
        begin, end = times[1000], times[2000]
        _, part, _ = decode('--lines', '--from', str(begin), '--to', str(end), self.path)
        self.assertEqual(part.split(b'\n')[:-1], [line for line, ns in zip(lines, times) if begin <= ns < end])

    def test_people(self):
        _, output, _ = decode(self.path)
        first = output.decode('ascii').split('\n', 1)[0]
        self.assertEqual(first, '2017-07-10T14:32:35.911586000Z 224.67.0.199:16642 #1 iex type=S len=10 f=79 ts=1499697155788781087')
        self.assertRegex(output.decode('ascii'), r' bpx=\d+\.\d{4} ')

    def test_wrong_usage(self):
        for args, status in (((), 64), (('--feed', 'x', self.path), 64), (('/nowhere',), 66),
                             (('--from', '2', '--to', '1', self.path), 64), (('--other',), 64)):
            with self.subTest(args=args):
                done, output, told = decode(*args)
                self.assertEqual((done, output), (status, b''))
                self.assertTrue(told)

    def test_other_formats_are_counted_not_guessed_at(self):
        status, output, told = decode('--lines', '--feed', 'itch', self.path)
        self.assertEqual((status, summary(told)[0]), (0, self.truth['packets']))
        self.assertGreater(summary(told)[3], 12000)  # no header is wrong to MoldUDP64, but the rest is

    def test_a_stranger_is_not_guessed(self):
        """MoldUDP64 with the messages of another exchange: framed as ITCH is, and still none of it."""
        path = capfile.shared('omi-data-packets', 'Asx', 'Ntp.Itch.v1.05', 'TextMessage.pcap')
        status, output, told = decode('--lines', path)
        self.assertEqual((status, output), (0, b''))
        self.assertNotIn('guessed', told)
        self.assertEqual(summary(told)[4], 1)
        _, output, told = decode('--lines', '--feed', 'itch', path)
        self.assertEqual(output.count(b'\n'), summary(told)[1])

    def test_a_full_disk(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([vega.program('vega-decode'), '--lines', self.path], stdout=full,
                                  stderr=subprocess.PIPE, timeout=120, check=False)
        self.assertEqual(done.returncode, 74)


class Journal(unittest.TestCase):
    def test_a_journal_gives_the_lines_of_its_capture(self):
        path, truth = next((p, t) for p, t in truths() if t['file'] == 'TOPS16.pcapng')
        with vega.scratch() as folder:
            config = os.path.join(folder, 'vega.yaml')
            with open(config, 'w', encoding='ascii') as file:
                file.write(vega.SMALL)
            journal = os.path.join(folder, 'journal')
            done = vega.run('vega-capture', '--pcap', path, '--journal', journal, '--config', config, '--region', vega.REGION)
            self.assertEqual(done.returncode, 0, done.stderr)
            status, output, told = decode('--lines', journal)
            self.assertEqual((status, hashlib.sha256(output).hexdigest()), (0, truth['canonical_sha256']), told)
            self.check_damage(journal, truth)

    def check_damage(self, journal, truth):
        """A block is lost: what is around it is printed, and the end is 65."""
        found = [os.path.join(at, n) for at, _, names in os.walk(journal) for n in names if n.endswith('.pcapng')]
        with open(found[0], 'r+b') as file:
            middle = os.path.getsize(found[0]) // 2
            file.seek(middle)
            byte = file.read(1)
            file.seek(middle)
            file.write(bytes([byte[0] ^ 1]))
        status, output, told = decode('--lines', journal)
        self.assertEqual(status, 65)
        self.assertIn('vega-journal verify', told)
        self.assertLess(output.count(b'\n'), truth['messages'])


class Anything(unittest.TestCase):
    def test_every_capture_there_is(self):
        """Whatever is in a file: an end by itself, lines that are JSON, and every packet counted."""
        paths = [path for path in capfile.captures() if os.path.getsize(path) < 200000]
        if not paths:
            self.skipTest('need the shared captures; set VEGA_SHARED')
        for path in paths:
            with self.subTest(file=path):
                status, output, told = decode('--json', path)
                self.assertIn(status, (0, 65))
                for line in output.decode().split('\n')[:-1]:
                    json.loads(line)
                if status == 0:
                    self.assertEqual(summary(told)[0], len(capfile.read(path)[0]))


class Extremes(unittest.TestCase):
    def test_the_last_time_and_the_last_sequence(self):
        """Both are unsigned 64-bit numbers; the very last sequence means that there is none."""
        message = b'S' + bytes(10) + b'O'
        mold = struct.pack('>10sQHH', b'0000000001', 2**64 - 2, 1, len(message)) + message
        udp = struct.pack('>HHHH', 1, 26477, 8 + len(mold), 0) + mold
        ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), bytes([233, 54, 12, 111])) + udp
        frame = bytes(12) + b'\x08\0' + ip
        block = struct.pack('<IIIII', 0, 2**32 - 1, 2**32 - 2, len(frame), len(frame)) + frame + bytes(-len(frame) % 4)
        file = struct.pack('<IIIHHqI', 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
        file += struct.pack('<IIHHIHHB3xII', 1, 32, 1, 0, 0, 9, 1, 9, 0, 32)
        file += struct.pack('<II', 6, len(block) + 12) + block + struct.pack('<I', len(block) + 12)
        with vega.scratch() as folder:
            path = os.path.join(folder, 'late.pcapng')
            with open(path, 'wb') as out:
                out.write(file)
            _, output, told = decode('--lines', path)
            self.assertEqual(output, b'18446744073709551614 233.54.12.111:26477 18446744073709551614 '
                                     b'type=S len=12 locate=0 tracking=0 ts=0 event=O\n', told)


class Stocks(unittest.TestCase):
    def test_orders_get_the_stock_of_their_locate(self):
        path = capfile.shared('omi-data-packets', 'Nasdaq', 'Nasdaq.Equities.TotalView.Itch.v5.0', 'Multiple.Packets.pcap')
        if path is None:
            self.skipTest('need the shared captures; set VEGA_SHARED')
        packets, _ = capfile.read(path)
        add = packets[1]
        delete = bytearray(packets[0].data)
        at = len(delete) - 19  # its one message, a delete
        at_add = add.data.index(b'META    ') - 24
        delete[at + 1:at + 3] = add.data[at_add + 1:at_add + 3]
        with vega.scratch() as folder:
            capture = os.path.join(folder, 'two.pcap')
            capfile.write(capture, [add, (add.ns + 1, bytes(delete))])
            _, output, _ = decode(capture)
            self.assertTrue(output.decode().split('\n')[-2].endswith('ref=23485802 stock=META'))
            _, output, _ = decode('--lines', capture)
            self.assertTrue(output.decode().split('\n')[-2].endswith('ref=23485802'))


if __name__ == '__main__':
    unittest.main()
