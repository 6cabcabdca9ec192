/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/terminal.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/attr.h"
#include "hugepages/base/clock.h"

#define ESCAPE         0x1B
#define ESCAPE_WAIT_MS 20 /* for the rest of an arrow key */
#define NS_A_MS        UINT64_C(1000000)

/* Of the process, as the terminal is; signal handlers look at them. */
static struct termios before;
static struct termios ours;
static uint64_t entered;

static bool
is_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* The process ends by this signal: first the terminal. SA_RESETHAND has brought the default back. */
static void
on_end(int signal_number)
{
	vega_terminal_leave();
	(void)raise(signal_number);
}

/* Stopped and continued: the shell has put its own mode in between. */
static void
on_continue(int signal_number VEGA_UNUSED)
{
	if (vega_load_relaxed(&entered) != 0 && is_foreground()) /* T1: pairs with T2 */
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &ours);
}

static void
catch_signals(void)
{
	static const int ends[] = {SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	struct sigaction action = {.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND};

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < VEGA_ARRAY_CNT(ends); i++) {
		struct sigaction was;

		if (sigaction(ends[i], NULL, &was) == 0 &&
			was.sa_handler != SIG_IGN) /* as nohup wants it */
			(void)sigaction(ends[i], &action, NULL);
	}
	action = (struct sigaction){.sa_handler = on_continue, .sa_flags = SA_RESTART};
	(void)sigaction(SIGCONT, &action, NULL);
}

bool
vega_terminal_enter(void)
{
	if (!isatty(STDIN_FILENO) || !is_foreground() || tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	ours = before;
	ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	ours.c_cc[VMIN] = 0;
	ours.c_cc[VTIME] = 0;
	ours.c_cc[VSUSP] =
		_POSIX_VDISABLE; /* a job that stops itself would leave its mode behind */
	catch_signals();
	vega_store_relaxed(&entered, 1); /* T2: pairs with T1, in a handler */
	return tcsetattr(STDIN_FILENO, TCSANOW, &ours) == 0;
}

void
vega_terminal_leave(void)
{
	if (vega_load_relaxed(&entered) == 0) /* T1: pairs with T2 */
		return;
	vega_store_relaxed(&entered, 0); /* T2: pairs with T1 */
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Returns the byte, or -1 when none came in time. */
static int
next_byte(int wait_ms)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned char byte;

	if (poll(&fd, 1, wait_ms) <= 0)
		return -1;
	if ((fd.revents & POLLIN) != 0 && is_foreground() && read(STDIN_FILENO, &byte, 1) == 1)
		return byte;
	vega_sleep_until_ns(vega_monotonic_ns() + (uint64_t)wait_ms * NS_A_MS);
	return -1; /* hung up, or in the background */
}

int
vega_terminal_key(int wait_ms)
{
	const int first = next_byte(wait_ms);
	int last;

	if (first != ESCAPE)
		return first > 0 ? first : VEGA_KEY_NONE;
	if (next_byte(ESCAPE_WAIT_MS) != '[')
		return VEGA_KEY_NONE;
	last = next_byte(ESCAPE_WAIT_MS);
	return last == 'D' ? VEGA_KEY_LEFT : last == 'C' ? VEGA_KEY_RIGHT : VEGA_KEY_NONE;
}
