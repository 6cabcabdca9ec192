/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TERMINAL_H
#define VEGA_REPLAY_TERMINAL_H
/*
 * Single keys from the terminal of standard input, which is given back as it was however the process ends, but by SIGKILL.
 */
#include <stdbool.h>

/* Bytes below 256 are themselves. */
enum vega_key_code {
	VEGA_KEY_NONE = 0,
	VEGA_KEY_LEFT = 256,
	VEGA_KEY_RIGHT
};

/* Without echo, key by key; ^C stays a signal. Returns false when standard input is no terminal, or another job's. */
bool vega_terminal_enter(void);

/* As it was before. May be called again, and by a signal handler. */
void vega_terminal_leave(void);

/*
 * The next key, waited for at most wait_ms; VEGA_KEY_NONE: none came.
 * Threads: one.
 */
int vega_terminal_key(int wait_ms);

#endif
