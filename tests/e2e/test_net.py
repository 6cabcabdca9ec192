#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Packet headers of every shared capture: every prefix of every packet, and what tshark says of some of them.

usage: test_net.py NETLIST
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

import capfile

NETLIST = sys.argv.pop(1)
FIELDS = ['ieee8021ad.id', 'vlan.id', 'ip.dst', 'ipv6.dst', 'udp.dstport', 'frame.protocols']
# What tshark takes off before it sees IP; anything else in front is a tunnel or an encapsulation that no feed uses.
LINK = {'eth', 'ethertype', 'vlan', 'ieee8021ad'}
ORACLE_FILES_MAX = 24
BYTES_MAX = 1 << 20


def netlist(*paths):
    done = subprocess.run([NETLIST, *paths], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def tshark(path):
    """Per packet: vlan, family, destination, port of the outermost headers; None for what is no feed's business."""
    options = [word for field in FIELDS for word in ('-e', field)]
    done = subprocess.run(['tshark', '-r', path, '-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE', '-T',
                           'fields', '-E', 'occurrence=f', '-E', 'separator=|', *options], capture_output=True, text=True)
    for row in done.stdout.splitlines():
        tag_ad, tag, dst4, dst6, port, protocols = row.split('|')
        stack = protocols.split(':')
        ip = next((i for i, name in enumerate(stack) if name in ('ip', 'ipv6')), None)
        if stack[0] != 'eth' or ip is None or not set(stack[:ip]) <= LINK or not (dst4 or dst6):
            yield None
            continue
        is_udp = stack[ip + 1:ip + 2] == ['udp']
        yield (int(tag_ad or tag or 0), 4 if stack[ip] == 'ip' else 6, dst4 if stack[ip] == 'ip' else dst6,
               int(port) if is_udp and port else None)


class Headers(unittest.TestCase):
    def test_every_prefix_of_every_packet(self):
        paths = [path for path in capfile.captures() if os.path.getsize(path) <= BYTES_MAX]
        packets = 0
        for at in range(0, len(paths), 50):
            with self.subTest(os.path.basename(paths[at])):
                status, lines, error = netlist(*paths[at:at + 50])
                self.assertIn(status, (0, 65), error)  # 65: some of these files are damaged on purpose
                packets += len(lines)
        self.assertGreater(packets, 5000)

    @unittest.skipUnless(shutil.which('tshark'), 'tshark is not installed')
    def test_against_tshark(self):
        wanted = re.compile(r'vlan|qinq|udp|ip6|ipv6|frag|dns|mdp|mold|igmp', re.IGNORECASE)
        paths = [p for p in capfile.captures() if wanted.search(os.path.basename(p)) and os.path.getsize(p) < 100000]
        compared = ports = tags = 0
        for path in paths[:ORACLE_FILES_MAX]:
            for number, (ours, theirs) in enumerate(zip(netlist(path)[1], tshark(path)), 1):
                if theirs is None:
                    continue
                vlan, family, dst, port, fragment = ours.split()[:5]
                with self.subTest(os.path.basename(path), packet=number):
                    self.assertEqual((int(vlan), int(family), dst), theirs[:3])
                    if theirs[3] is not None and fragment == '0':
                        self.assertEqual(int(port), theirs[3])
                compared, ports, tags = compared + 1, ports + (port != '-1'), tags + (vlan != '0')
        self.assertGreater(compared, 200)
        self.assertGreater(ports, 50)
        self.assertGreater(tags, 5)


if __name__ == '__main__':
    if not capfile.shared('tcpdump-tests', 'capinfos.csv'):
        print('no shared captures: set VEGA_SHARED to the folder that holds data/')
        sys.exit(77)
    unittest.main()
