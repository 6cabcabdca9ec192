# SPDX-License-Identifier: BSD-3-Clause
"""A running vega-capture, for tests: started, waited for until it polls, stopped, its summary and its journal read."""
import json
import os
import signal
import subprocess
import time

import capfile
import vega



class Capture:
    """Arguments as vega-capture's; `under` runs it below another command, as in ['ip', 'netns', 'exec', 'x']."""

    def __init__(self, folder, *args, region=None, under=(), journal=True):
        self.region = region or f'e2e-{os.path.basename(folder)[-12:]}'
        self.journal = os.path.join(folder, 'journal') if journal else None
        config = os.path.join(folder, 'small.yaml')
        if '--config' not in args:
            with open(config, 'w') as file:
                file.write(vega.SMALL.replace('2MiB', '16MiB'))
            args = ('--config', config) + args
        if journal:
            args += ('--journal', self.journal)
        command = [*under, vega.program('vega-capture'), *map(str, args), '--region', self.region, '--json']
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def until_polling(self, seconds=20):
        """Returns self once every rx lcore polls."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            done = vega.run('vega-bus', 'stat', '--region', self.region, '--json')
            if done.returncode == 0:
                stat = json.loads(done.stdout)
                if stat['state'] == 'live' and stat['lcores'] and all(x['polls'] for x in stat['lcores']):
                    return self
            time.sleep(0.05)
        raise AssertionError(f'the capture does not come up: {self.end(kill=True)}')

    def received(self):
        return json.loads(vega.run('vega-bus', 'stat', '--region', self.region, '--json').stdout)['packets_received']

    def lost_disk(self):
        """Frames lost to storage so far; 0 while there is no region yet."""
        done = vega.run('vega-bus', 'stat', '--region', self.region, '--json')
        return json.loads(done.stdout)['frames_lost_by_cause']['disk'] if done.returncode == 0 else 0

    def until_received(self, packets, seconds=20):
        """Waits; a test that needs them all compares afterwards."""
        end = time.monotonic() + seconds
        while self.received() < packets and time.monotonic() < end:
            time.sleep(0.05)

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.end()

    def end(self, kill=False):
        """(exit status, summary or None, standard error)"""
        if kill:
            self.process.kill()
        out, err = self.process.communicate(timeout=60)
        vega.forget(self.region)
        return self.process.returncode, json.loads(out) if out.strip() else None, err

    def files(self):
        found = []
        for top, _, names in os.walk(self.journal):
            found += [os.path.join(top, n) for n in names if n.endswith('.pcapng')]
        return sorted(found)

    def packets(self, feed=None):
        """Every packet of the journal, in order of its files; the independent reader passes over VEGA's own blocks."""
        packets = []
        for path in self.files():
            if feed is None or os.path.basename(os.path.dirname(path)) == feed:
                more, damage = capfile.read(path)
                assert damage is None, f'{path}: {damage}'
                packets += more
        return packets
