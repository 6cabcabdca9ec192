# SPDX-License-Identifier: BSD-3-Clause
"""A program on a terminal, for tests: a pty, keys that are typed, and what a VT100 would show."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

TOKEN = re.compile(r'\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()][0-9A-B]|\x1b[=>78M]|[\x00-\x1f]|[^\x00-\x1f\x1b]', re.S)
PARTIAL = re.compile(r'(?:\x1b(?:\[[?0-9;]*|[()])?)?\Z')
SILENT = 'mlh'  # attributes and modes


class Screen:
    """Enough of a VT100 for what curses sends to one."""

    def __init__(self, rows, cols):
        self.rows, self.cols, self.y, self.x = rows, cols, 0, 0
        self.cells = [[' '] * cols for _ in range(rows)]
        self.top, self.bottom = 0, rows - 1
        self.unknown = set()
        self.rest = ''  # a sequence of which the end has not come yet

    def lines(self):
        return [''.join(row).rstrip() for row in self.cells]

    def scroll(self, step):
        rows = self.cells[self.top:self.bottom + 1]
        blank = [[' '] * self.cols]
        self.cells[self.top:self.bottom + 1] = rows[1:] + blank if step > 0 else blank + rows[:-1]

    def control(self, args, command):
        n = max(args[0], 1)
        if command == 'H':
            self.y, self.x = min(n, self.rows) - 1, max(args[1] if len(args) > 1 else 1, 1) - 1
        elif command == 'J':
            self.cells[self.y][self.x:] = [' '] * (self.cols - self.x)
            self.cells[self.y + 1:] = [[' '] * self.cols for _ in range(self.rows - self.y - 1)]
        elif command == 'K' and args[0] == 1:
            self.cells[self.y][:self.x + 1] = [' '] * (self.x + 1)
        elif command == 'K':
            self.cells[self.y][self.x:] = [' '] * (self.cols - self.x)
        elif command in 'ABCD':
            dy, dx = {'A': (-n, 0), 'B': (n, 0), 'C': (0, n), 'D': (0, -n)}[command]
            self.y, self.x = min(max(self.y + dy, 0), self.rows - 1), min(max(self.x + dx, 0), self.cols - 1)
        elif command == 'r':
            self.top, self.bottom = n - 1, (args[1] if len(args) > 1 else self.rows) - 1
        elif command not in SILENT:
            self.unknown.add(command)

    def write(self, text):
        text = self.rest + text
        self.rest = PARTIAL.search(text).group(0)
        text = text[:len(text) - len(self.rest)]
        for found in TOKEN.finditer(text):
            one = found.group(0)
            if found.group(2):
                self.control([int(a or 0) for a in found.group(1).replace('?', '').split(';')], found.group(2))
            elif one == '\r':
                self.x = 0
            elif one == '\t':
                self.x = min((self.x // 8 + 1) * 8, self.cols - 1)
            elif one == '\b':
                self.x = max(self.x - 1, 0)
            elif one == '\n' or one == '\x1bM':
                step = 1 if one == '\n' else -1
                if self.y == (self.bottom if step > 0 else self.top):
                    self.scroll(step)
                else:
                    self.y = min(max(self.y + step, 0), self.rows - 1)
            elif one < ' ' or one[0] == '\x1b':
                if one not in '\x0e\x0f\x07' and len(one) == 1:
                    self.unknown.add(one)
            else:
                if self.x >= self.cols:
                    self.x, self.y = 0, min(self.y + 1, self.rows - 1)
                self.cells[self.y][self.x] = one
                self.x += 1


class Terminal:
    def __init__(self, command, rows, cols, term='vt100'):
        self.master, self.slave = pty.openpty()
        self.resize(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.bytes = b''
        env = {k: v for k, v in os.environ.items() if k not in ('LINES', 'COLUMNS')}
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE, text=True,
                                        env={**env, 'TERM': term}, preexec_fn=self.control, start_new_session=True)

    def control(self):
        """In the child: the pty becomes its controlling terminal, so that a resize is told."""
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, rows, cols):
        self.screen = Screen(rows, cols)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            got = os.read(self.master, 65536)
            self.bytes += got
            self.screen.write(got.decode('latin-1'))

    def type(self, keys):
        os.write(self.master, keys.encode())

    def until(self, pattern, seconds=30):
        """Wait until the screen shows it; returns the match."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, '\n'.join(self.screen.lines()), re.M)
            if found:
                return found
            if self.process.poll() is not None:
                break
            self.read(0.1)
        shown = '\n'.join(self.screen.lines())
        raise AssertionError(f'no {pattern!r} ({self.process.poll()}):\n{shown}')

    def end(self, seconds=30):
        """Wait for its end. Returns (exit status, standard error, whether the terminal is as it was)."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        self.read(0)
        restored = termios.tcgetattr(self.slave) == self.before
        return self.process.poll(), self.process.stderr.read(), restored

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.master)
        os.close(self.slave)
