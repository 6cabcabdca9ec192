# SPDX-License-Identifier: BSD-3-Clause
"""The built programs, as the end-to-end tests run them. Each test gets the build folder as its first argument."""
import atexit
import contextlib
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 and os.path.isdir(sys.argv[1]) else 'build'
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get('VEGA_SHARED', os.path.join(ROOT, '..', 'shared'))
FOLDERS = {'vega-capture': 'capture', 'vega-journal': 'store', 'vega-replay': 'replay', 'vega-gen': 'replay', 'vega-decode': 'replay',
           'vega-compare': 'replay', 'vega-bus': 'hugepages', 'vega-hugepages': 'hugepages'}

RUNTIME = os.environ.get('XDG_RUNTIME_DIR', '')
REGIONS = '/run/vega' if os.geteuid() == 0 else RUNTIME + '/vega' if RUNTIME.startswith('/') else f'/tmp/vega-{os.geteuid()}'
# For captures one after another; forgotten when the test ends.
REGION = f'e2e-{os.getpid()}'

DATA = os.path.join(SHARED, 'data')

# Lanes of the least size: a test makes hundreds of regions.
SMALL = 'memory: shm\ndefault_frame_lane: 2MiB\n'


def feed_config(name, zone, channels, more=''):
    """A configuration of one feed."""
    rows = ''.join(f'    - {{{channel}}}\n' for channel in channels)
    return f'{SMALL}{more}feeds:\n- name: {name}\n  zone: {zone}\n  frame_lane: 2MiB\n  channels:\n{rows}'


# Those of the shared captures.
MTBT_CONFIG = feed_config('NSE_FO', 'Asia/Kolkata', [
    f'group: 239.70.70.{g}, port: {p}, line: {line}, format: nse-mtbt, stream: {stream}'
    for stream in (1, 2, 3)
    for line, g, p in (('A', 40 + stream, 17740 + stream), ('B', 30 + stream, 10830 + stream))])
NNF_CONFIG = feed_config('NSE_FO', 'Asia/Kolkata', ['group: 239.50.50.21, port: 10821, format: nse-nnf'])
TOPS_CONFIG = feed_config('IEX', 'America/New_York', ['group: 224.67.0.199, port: 16642, format: iex'])


def program(name):
    return os.path.join(BUILD, FOLDERS[name], name)


def skip(reason):
    """End the test as left out, with its reason as the last line."""
    print(f'skipped: {reason}')
    sys.exit(77)


def run(name, *args, **more):
    """A program's CompletedProcess with text output."""
    more.setdefault('timeout', 120)
    return subprocess.run([program(name), *map(str, args)], capture_output=True, text=True, **more)


def capture_shared(test, config, journal, *captures):
    """Journal shared captures, one file behind the other; where one is absent the test is skipped. Returns the configuration's path."""
    paths = [os.path.join(DATA, capture) for capture in captures]
    for path in paths:
        if not os.path.exists(path):
            test.skipTest(f'need {path}, found none')
    conf = journal + '.yaml'
    with open(conf, 'w', encoding='utf-8') as file:
        file.write(config)
    done = run('vega-capture', '--config', conf, '--region', REGION, '--journal', journal, '--pcap', *paths)
    test.assertEqual(done.returncode, 0, done.stderr)
    return conf


def start(name, *args, **more):
    return subprocess.Popen([program(name), *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def output(name, *args, **more):
    """A program's JSON output; it must end well."""
    done = run(name, *args, '--json', **more)
    assert done.returncode == 0, f'{name} {args} ended with {done.returncode}: {done.stderr}'
    return json.loads(done.stdout)


def forget(region):
    """Remove a region without a capture: the counters that one that stopped leaves for vega-bus, the lanes of one that died."""
    shutil.rmtree(os.path.join(REGIONS, region), ignore_errors=True)
    for lanes in glob.glob(f'/dev/shm/vega-{region}.*'):
        os.unlink(lanes)


atexit.register(forget, REGION)


def one_line(text):
    """Is this exactly one line that says something?"""
    return text.count('\n') == 1 and len(text) > 20


@contextlib.contextmanager
def scratch():
    folder = tempfile.mkdtemp(prefix='vega-e2e-')
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def conserved(summary):
    """Both ledgers of a capture's --json summary."""
    dropped = sum(summary['packets_dropped'].values())
    return (summary['packets_received'] == summary['packets_published'] + dropped
            and summary['packets_published'] == summary['packets_framed'] + summary['frames_lost'])
