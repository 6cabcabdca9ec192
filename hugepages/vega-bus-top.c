/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-bus top: a region on a terminal, until q. The terminal is given back as it was whatever ends it: all ways out lead through
 * close_screen.
 */
#include <curses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"
#include "hugepages/top.h"
#include "hugepages/top_draw.h"
#include "hugepages/vega-bus-verbs.h"

#define TICK_MS      100 /* the trades are collected so often, and a signal waits no longer */
#define KEY_ESCAPE   27
#define KEY_TAB      '\t'
#define ESCAPE_MS    50
#define INTERVAL_NS  1000000000u
#define ANSWER_BYTES 40

struct screen {
	struct top *top;
	uint64_t interval_ns;
	SCREEN *terminal;
	char answer[ANSWER_BYTES]; /* what is being typed */
	bool is_asking;
	bool has_ended;
};

/* ---- the terminal --------------------------------------------------------------------------------------------- */

/* Asked before curses is: initscr would end the process, and newterm leaks. */
static bool
is_known(const char *name)
{
	int found;

	if (name == NULL || *name == '\0' || setupterm(name, STDOUT_FILENO, &found) != OK)
		return false;
	(void)del_curterm(cur_term);
	return true;
}

static int
open_screen(struct screen *s)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const char *name = getenv("TERM");

	if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
		return VEGA_ERR_EX(-ENOTTY, EX_USAGE,
			"need a terminal as standard input and output, found none; see `vega-bus "
			"stat`");
	for (size_t i = 0; i < VEGA_ARRAY_CNT(signals); i++) {
		const int rc = verb_stop_by(signals[i]);

		if (rc != 0)
			return rc;
	}
	s->terminal = is_known(name) ? newterm(NULL, stdout, stdin) : NULL;
	if (s->terminal == NULL)
		return VEGA_ERR_EX(-ENOTTY, EX_USAGE,
			"need a terminal that terminfo knows, found TERM='%s'; try TERM=vt100",
			name != NULL ? name : "");
	(void)set_escdelay(ESCAPE_MS);
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)curs_set(0);
	top_draw_init();
	return 0;
}

static void
close_screen(struct screen *s)
{
	if (s->terminal == NULL)
		return;
	(void)endwin();
	delscreen(s->terminal);
	s->terminal = NULL;
}

/* ---- keys ----------------------------------------------------------------------------------------------------- */

static void
take_answer(struct screen *s, int key)
{
	const size_t bytes = strlen(s->answer);

	if (key == KEY_ESCAPE) {
		s->is_asking = false;
	} else if (key == '\r' || key == '\n' || key == KEY_ENTER) {
		s->is_asking = false;
		if (bytes > 0)
			top_find(s->top, s->answer);
	} else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && bytes > 0) {
		s->answer[bytes - 1] = '\0';
	} else if (key >= ' ' && key <= '~' && bytes + 1 < sizeof(s->answer)) {
		s->answer[bytes] = (char)key;
		s->answer[bytes + 1] = '\0';
	}
}

static void
ask(struct screen *s)
{
	s->answer[0] = '\0';
	s->is_asking = true;
}

/* How far a key goes in the watch list; 0: it is none of those. */
static int64_t
rows_of(int key)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		return -1;
	case KEY_DOWN:
	case 'j':
		return 1;
	case KEY_PPAGE:
		return -(int64_t)top_draw_page();
	case KEY_NPAGE:
		return top_draw_page();
	case KEY_HOME:
	case 'g':
		return INT32_MIN;
	case KEY_END:
	case 'G':
		return INT32_MAX;
	default:
		return 0;
	}
}

static void
take_key(struct screen *s, int key)
{
	const int64_t rows = rows_of(key);

	s->top->message[0] = '\0';
	if (s->is_asking)
		take_answer(s, key);
	else if (rows != 0)
		top_move(s->top, rows);
	else if (key == 'q' || key == 'Q')
		s->has_ended = true;
	else if (key == KEY_TAB || key == 'n')
		top_turn(s->top, 1);
	else if (key == KEY_BTAB || key == 'p')
		top_turn(s->top, -1);
	else if (key == '/')
		ask(s);
	else if (key == ' ')
		top_pin(s->top);
	else if (key == 'w')
		top_toggle_pinned(s->top);
	else if (key == '\f')
		(void)clearok(curscr, TRUE);
}

/* Wait for a tick or a key. Returns whether there was one; a terminal that has gone away ends it. */
static bool
take_keys(struct screen *s)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	const int rc = poll(&in, 1, TICK_MS);
	bool any = false;
	int key;

	while ((key = getch()) != ERR) {
		take_key(s, key);
		any = true;
	}
	if (rc > 0 && !any && (in.revents & POLLIN) != 0) {
		/* Half of an escape sequence, or the end: the end comes again at once. */
		vega_sleep_until_ns(vega_monotonic_ns() + TICK_MS * 1000000u);
	}
	if (rc > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		s->has_ended = true;
	return any;
}

/* ---- the verb ------------------------------------------------------------------------------------------------- */

static void
run(struct screen *s)
{
	uint64_t look_ns = vega_monotonic_ns() + s->interval_ns;

	top_draw(s->top, NULL);
	while (!s->has_ended && !verb_stop_asked()) {
		bool is_new = take_keys(s);

		is_new |= top_collect(s->top);
		if (vega_monotonic_ns() >= look_ns) {
			top_look(s->top);
			look_ns = vega_monotonic_ns() + s->interval_ns;
			is_new = true;
		}
		if (is_new && !s->has_ended)
			top_draw(s->top, s->is_asking ? s->answer : NULL);
	}
}

int
verb_top(const struct verb_options *o)
{
	struct screen s = {.interval_ns = o->interval_ns != 0 ? o->interval_ns : INTERVAL_NS};
	int rc;

	s.top = calloc(1, sizeof(*s.top));
	if (s.top == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for a screen, found none");
	s.top->region = o->region;
	rc = top_open(s.top, o->feed);
	if (rc == 0 && o->instrument != NULL)
		top_find(s.top, o->instrument);
	if (rc == 0)
		rc = open_screen(&s);
	if (rc == 0)
		run(&s);
	close_screen(&s);
	top_close(s.top);
	free(s.top);
	return rc;
}
