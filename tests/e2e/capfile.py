# SPDX-License-Identifier: BSD-3-Clause
"""An independent reader of pcap and pcapng, in exact integers: the oracle of the end-to-end tests.

read(path) gives (packets, damage): packets are (ns, captured, wire, linktype, bytes), damage is None or what stopped it.
It knows nothing of libpcap and refuses less: a test compares up to where both agree the file is good.
"""
import collections
import os
import struct

Packet = collections.namedtuple('Packet', 'ns captured wire linktype data')

CLASSIC = {0xa1b2c3d4: 1000, 0xa1b23c4d: 1}
RENAMED = {11: 100, 12: 101, 15: 102, 16: 103}


def shared(*parts):
    """A path in the shared data, or None when it is not there."""
    top = os.environ.get('VEGA_SHARED') or os.path.join(os.path.dirname(__file__), '..', '..', '..', 'shared')
    path = os.path.join(top, 'data', *parts)
    return path if os.path.exists(path) else None


def captures():
    """Every capture file in the shared data, sorted."""
    top = shared()
    found = []
    for folder, _, names in os.walk(top) if top else []:
        found += [os.path.join(folder, n) for n in names if n.endswith(('.pcap', '.pcapng', '.cap', '.ntar'))]
    return sorted(found)


def read(path):
    with open(path, 'rb') as f:
        return parse(f.read())


def parse(data):
    if data[:4] == b'\x0a\x0d\x0d\x0a':
        return _pcapng(data)
    for order in '<>':
        if len(data) >= 24 and struct.unpack(order + 'I', data[:4])[0] in CLASSIC:
            return _classic(data, order)
    return [], 'no capture'


def _classic(data, order):
    magic, _, _, _, _, snaplen, linktype = struct.unpack(order + 'IHHIIII', data[:24])
    unit = CLASSIC[magic]
    linktype &= 0x03ffffff
    linktype = RENAMED.get(linktype, linktype)
    snaplen = snaplen if 0 < snaplen <= 0x7fffffff else 262144
    at, packets = 24, []
    while at < len(data):
        if len(data) - at < 16:
            return packets, 'cut header'
        sec, frac, captured, wire = struct.unpack(order + 'IIII', data[at:at + 16])
        body = data[at + 16:at + 16 + captured]
        if len(body) < captured:
            return packets, 'cut packet'
        at += 16 + captured
        kept = min(captured, snaplen)  # as libpcap does
        packets.append(Packet(sec * 10**9 + frac * unit, kept, wire, linktype, body[:kept]))
    return packets, None


def _options(body, at, order):
    while at + 4 <= len(body):
        code, length = struct.unpack(order + 'HH', body[at:at + 4])
        if code == 0:
            return
        yield code, body[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def _interface(body, order):
    linktype, _, snaplen = struct.unpack(order + 'HHI', body[:8])
    per_second, offset = 10**6, 0
    for code, value in _options(body, 8, order):
        if code == 9:
            per_second = 2**(value[0] & 127) if value[0] & 128 else 10**value[0]
        if code == 14:
            offset = struct.unpack(order + 'q', value)[0]
    return RENAMED.get(linktype, linktype), snaplen, per_second, offset


def _pcapng(data):
    at, order, interfaces, packets = 0, '<', [], []
    while at < len(data):
        if len(data) - at < 12:
            return packets, 'cut block'
        if data[at:at + 4] == b'\x0a\x0d\x0d\x0a':
            order = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
            interfaces = []
        kind, length = struct.unpack(order + 'II', data[at:at + 8])
        if length < 12 or length % 4 or at + length > len(data):
            return packets, 'cut block'
        if struct.unpack(order + 'I', data[at + length - 4:at + length])[0] != length:
            return packets, 'bad block'
        body = data[at + 8:at + length - 4]
        at += length
        if kind == 1:
            interfaces.append(_interface(body, order))
        elif kind in (2, 3, 6):
            if not _packet(kind, body, order, interfaces, packets):
                return packets, 'bad packet'
    return packets, None


def _packet(kind, body, order, interfaces, packets):
    ticks, number = 0, 0
    if kind == 3:
        wire = struct.unpack(order + 'I', body[:4])[0]
        snaplen = interfaces[0][1] if interfaces else 0
        captured, payload = min(wire, snaplen or wire, len(body) - 4), body[4:]
    elif kind == 2:
        number, _, high, low, captured, wire = struct.unpack(order + 'HHIIII', body[:20])
        ticks, payload = high << 32 | low, body[20:]
    else:
        number, high, low, captured, wire = struct.unpack(order + 'IIIII', body[:20])
        ticks, payload = high << 32 | low, body[20:]
    if number >= len(interfaces) or captured > len(payload):
        return False
    linktype, _, per_second, offset = interfaces[number]
    whole, part = divmod(ticks, per_second)
    ns = (whole + offset) * 10**9 + part * 10**9 // per_second
    if not 0 <= ns < 2**64:
        return False
    packets.append(Packet(ns, captured, wire, linktype, payload[:captured]))
    return True


def write(path, packets, linktype=1, snaplen=262144):
    """A classic little-endian ns file of (ns, data) or Packet."""
    with open(path, 'wb') as f:
        f.write(struct.pack('<IHHIIII', 0xa1b23c4d, 2, 4, 0, 0, snaplen, linktype))
        for p in packets:
            ns, body = (p.ns, p.data) if isinstance(p, Packet) else p
            wire = p.wire if isinstance(p, Packet) else len(body)
            f.write(struct.pack('<IIII', ns // 10**9, ns % 10**9, len(body), wire) + body)
