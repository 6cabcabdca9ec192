#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every shared capture goes in by vega-capture and comes out by vega-journal export: the same frames, lengths and times.

Or it is refused with one clear line and exit 65, and every packet before the damage was kept. The journal files themselves
are read by capinfos, tcpdump and, some of them, tshark, with the same count.
"""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import unittest

import vega
import capfile

# libpcap turns the host-order fields of these link types round in a file of the other byte order.
HOST_ORDER = {189, 220, 239, 253, 271}


def inputs():
    data = os.path.join(vega.SHARED, 'data')
    if not os.path.isdir(data):
        vega.skip('need the shared captures beside the project (../shared/data), found none')
    return sorted(p for p in glob.glob(data + '/**', recursive=True) if os.path.isfile(p))


def journal_files(folder):
    return sorted(glob.glob(folder + '/**/*.pcapng', recursive=True))


def same(got, want, path):
    for i, (a, b) in enumerate(zip(got, want)):
        where = f'{path} packet {i + 1}'
        if (a.ns, a.captured, a.wire) != (b.ns, b.captured, b.wire):
            return f'{where}: {a.ns, a.captured, a.wire}, not {b.ns, b.captured, b.wire}'
        if b.linktype not in HOST_ORDER and a.data != b.data:
            return f'{where}: other bytes'
    return None


class File:
    """One capture through the pipeline; faults is what went wrong."""

    def __init__(self, path, conf):
        self.path, self.faults, self.packets = path, [], 0
        with vega.scratch() as folder:
            self.check(folder, conf)

    def check(self, folder, conf):
        journal = os.path.join(folder, 'j')
        region = 'real-' + os.path.basename(folder)
        done = vega.run('vega-capture', '--pcap', self.path, '--journal', journal, '--config', conf, '--region', region)
        vega.forget(region)
        if done.returncode not in (0, 65) or (done.returncode == 65 and not vega.one_line(self.errors(done))):
            self.faults.append(f'capture ended with {done.returncode}: {done.stderr!r}')
            return
        try:
            want, damage = capfile.read(self.path)
        except ValueError:
            want, damage = [], 'no capture file'
        if damage and done.returncode == 0:
            self.faults.append(f'{damage}, but capture ended with 0')
        files = journal_files(journal)
        got = self.exported(folder, journal) if files else []
        if done.returncode == 0 and len(got) != len(want):
            self.faults.append(f'{len(got)} packets came out of {len(want)}')
        if len(got) > len(want):
            self.faults.append(f'{len(got)} packets came out of {len(want)}')
        fault = same(got, want, self.path)
        if fault:
            self.faults.append(fault)
        self.packets = len(got)
        if files:
            self.check_readers(files, journal, len(got))

    @staticmethod
    def errors(done):
        """Standard error without the lines that only inform: the last is the refusal."""
        lines = [line for line in done.stderr.splitlines() if line.startswith('vega-capture: ')]
        return ''.join(line + '\n' for line in lines[-1:])

    def exported(self, folder, journal):
        out = os.path.join(folder, 'out.pcap')
        done = vega.run('vega-journal', 'export', journal, '--format', 'pcap', '-o', out)
        if done.returncode == 65 and 'pcapng' in done.stderr:
            out = os.path.join(folder, 'out.pcapng')
            done = vega.run('vega-journal', 'export', journal, '--format', 'pcapng', '-o', out)
        if done.returncode != 0:
            self.faults.append(f'export ended with {done.returncode}: {done.stderr!r}')
            return []
        packets, damage = capfile.read(out)
        if damage:
            self.faults.append(f'the export is damaged: {damage}')
        return packets

    def check_readers(self, files, journal, count):
        told = vega.output('vega-journal', 'info', journal)['packets']
        if told != count:
            self.faults.append(f'info says {told} packets, {count} came out')
        if vega.run('vega-journal', 'verify', journal).returncode != 0:
            self.faults.append('verify finds damage')
        if shutil.which('capinfos'):
            table = subprocess.run(['capinfos', '-TrcM', *files], capture_output=True, text=True)
            seen = sum(int(line.split('\t')[-1]) for line in table.stdout.splitlines())
            if seen != count:
                self.faults.append(f'capinfos counts {seen} of {count}: {table.stderr}')


class RealInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.inputs = inputs()
        cls.folder = vega.scratch()
        folder = cls.folder.__enter__()
        cls.addClassCleanup(cls.folder.__exit__, None, None, None)
        cls.conf = os.path.join(folder, 'small.yaml')
        with open(cls.conf, 'w', encoding='ascii') as conf:
            conf.write(vega.SMALL)

    def test_every_capture_comes_out_as_it_went_in(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            files = list(pool.map(lambda path: File(path, self.conf), self.inputs))
        faults = [f'{f.path}: {fault}' for f in files for fault in f.faults]
        self.assertEqual(faults, [], '\n'.join(faults[:40]))
        carried = [f for f in files if f.packets]
        print(f'{len(files)} files, {len(carried)} of them captures, {sum(f.packets for f in carried)} packets')
        self.assertGreater(len(carried), 500)

    def readers(self, tool, command, count):
        if not shutil.which(tool):
            self.skipTest(f'need {tool}, found none')
        for path in self.inputs[::len(self.inputs) // 12]:
            with vega.scratch() as folder:
                done = vega.run('vega-capture', '--pcap', path, '--journal', folder, '--config', self.conf,
                                '--region', vega.REGION)
                files = journal_files(folder)
                if done.returncode != 0 or not files:
                    continue
                want = vega.output('vega-journal', 'info', folder)['packets']
                got = sum(count(subprocess.run(command + [f], capture_output=True, text=True)) for f in files)
                self.assertEqual(got, want, path)

    def test_tshark_reads_the_journal(self):
        self.readers('tshark', ['tshark', '-n', '-T', 'fields', '-e', 'frame.number', '-r'], lambda done: len(done.stdout.splitlines()))

    def test_tcpdump_reads_the_journal(self):
        self.readers('tcpdump', ['tcpdump', '-n', '-q', '--count', '-r'], lambda done: int(done.stdout.split()[0]))


if __name__ == '__main__':
    unittest.main(verbosity=2)
