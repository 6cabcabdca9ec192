/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/top_draw.h"

#include <curses.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/zone.h"
#include "hugepages/state_json.h"

#define KEYS "q quit  Up/Down PgUp/PgDn Home/End choose  Tab feed  / find  Space pin  w pins"

enum {
	PAIR_GOOD = 1,
	PAIR_BAD,
	PAIR_BID,
	PAIR_ASK
};

/* A part of the screen; what is put there is cut at its edges. */
struct pane {
	int y, x, rows, cols;
};

static uint32_t page_rows = 1;

void
top_draw_init(void)
{
	if (!has_colors() || start_color() != OK)
		return;
	(void)use_default_colors();
	(void)init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	(void)init_pair(PAIR_BAD, COLOR_RED, -1);
	(void)init_pair(PAIR_BID, COLOR_CYAN, -1);
	(void)init_pair(PAIR_ASK, COLOR_YELLOW, -1);
}

uint32_t
top_draw_page(void)
{
	return page_rows;
}

/* Text on a row of a pane, nothing outside of it, and no byte that a terminal would take for a command. */
static void VEGA_PRINTF(5, 6)
	put(const struct pane *p, int row, int col, attr_t attr, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (row < 0 || row >= p->rows || col >= p->cols)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *at = text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	(void)attrset((int)attr);
	(void)mvaddnstr(p->y + row, p->x + col, text, p->cols - col);
	(void)attrset(A_NORMAL);
}

static void
put_bar(const struct pane *p, int row, attr_t attr, const char *text)
{
	put(p, row, 0, attr, "%-*s", p->cols < 500 ? p->cols : 500, text);
}

/* A rate or a share; "-" where there is nothing to compare with. */
static const char *
text_rate(char buf[32], double value)
{
	return value < 0 ? "-" : vega_text_count(buf, value);
}

static const char *
text_cnt(char buf[32], uint64_t value)
{
	if (value < 100000)
		(void)snprintf(buf, 32, "%" PRIu64, value);
	else
		(void)vega_text_count(buf, (double)value);
	return buf;
}

/* HH:MM:SS.mmm of a time, UTC. */
static const char *
text_clock(char buf[40], uint64_t ns)
{
	(void)vega_text_time(buf, ns);
	buf[23] = '\0';
	return buf + 11;
}

/* ---- the capture ---------------------------------------------------------------------------------------------- */

static void
draw_title(const struct pane *p, const struct top *t)
{
	const struct vega_stat *stat = top_stat(t);
	const struct vega_control *c = &stat->image.control;
	const uint64_t age_ns =
		stat->taken_ns > c->heartbeat_ns ? stat->taken_ns - c->heartbeat_ns : 0;
	const char *state = t->trouble[0] != '\0' ? "gone" : vega_stat_state(stat);
	char beat[48] = "waiting for the next one";
	char text[TOP_TEXT_BYTES];
	char since[40];

	(void)vega_text_time(since, c->generation);
	since[19] = '\0';
	if (strcmp(state, "live") == 0)
		(void)snprintf(beat, sizeof(beat), "beat %" PRIu64 " ms ago", age_ns / 1000000);
	(void)snprintf(text, sizeof(text), "%s: %s  pid %" PRIu64 "  since %s  %s", t->region,
		state, c->pid, since, beat);
	put_bar(p, 0, A_REVERSE, text);
}

static void
draw_totals(const struct pane *p, const struct top *t)
{
	struct vega_totals totals;
	char received[32];
	char bytes[32];

	if (t->trouble[0] != '\0') {
		put(p, 1, 0, A_BOLD | COLOR_PAIR(PAIR_BAD), "%s", t->trouble);
		return;
	}
	vega_stat_totals(top_stat(t), &totals);
	put(p, 1, 0, totals.packets_dropped + totals.frames_lost > 0 ? A_BOLD : A_NORMAL,
		"received %s  %s  dropped %" PRIu64 "  frames lost %" PRIu64 "  readers %u",
		text_cnt(received, totals.packets_received), vega_text_bytes(bytes, totals.bytes),
		totals.packets_dropped, totals.frames_lost, t->readers.cnt);
}

static void
draw_feed(const struct pane *p, int row, const struct top *t, uint32_t feed_idx)
{
	char text[7][32];
	char load[16] = "-";
	struct top_feed f;
	attr_t attr = COLOR_PAIR(PAIR_GOOD);

	top_feed(t, feed_idx, &f);
	if (f.load >= 0)
		(void)snprintf(load, sizeof(load), "%.0f%%", 100 * f.load);
	if (f.dropped + f.frames_lost + f.seqs_lost > 0)
		attr = A_BOLD;
	if (f.is_worse)
		attr = A_BOLD | COLOR_PAIR(PAIR_BAD);
	put(p, row, 0, attr, "%c%-13.13s %8s %8s %7s %7s %7s %7s %8s %5s%s",
		feed_idx == t->feed_idx ? '>' : ' ', top_stat(t)->image.feeds[feed_idx].name,
		text_rate(text[0], f.packets_per_s), text_rate(text[1], f.records_per_s),
		text_cnt(text[2], f.dropped), text_cnt(text[3], f.frames_lost),
		text_cnt(text[4], f.gaps), text_cnt(text[5], f.seqs_lost),
		f.reader_cnt > 0 ? text_cnt(text[6], f.lag_max) : "-", load, f.is_worse ? "!" : "");
}

/* Returns the rows it took. */
static int
draw_feeds(const struct pane *p, int row, const struct top *t)
{
	const int max = p->rows < 18 ? 1 : (p->rows - 12) / 3;
	const int cnt = (int)top_stat(t)->image.control.feed_cnt;
	const int shown = cnt < max ? cnt : max;
	const int chosen = (int)t->feed_idx;
	const int first = chosen < shown ? 0 : chosen < cnt ? chosen - shown + 1 : cnt - shown;

	put(p, row, 0, A_UNDERLINE, " %-13s %8s %8s %7s %7s %7s %7s %8s %5s", "FEED", "PKT/S",
		"REC/S", "DROPS", "LOST", "GAPS", "SEQLOST", "LAG", "LOAD");
	for (int i = 0; i < shown; i++)
		draw_feed(p, row + 1 + i, t, (uint32_t)(first + i));
	return 1 + shown;
}

static int
draw_readers(const struct pane *p, int row, const struct top *t)
{
	const uint32_t max = p->rows < 18 ? 0 : (uint32_t)(p->rows - 12) / 6;
	const uint32_t shown = t->readers.cnt < max ? t->readers.cnt : max;
	char lag[32];

	for (uint32_t i = 0; i < shown; i++) {
		const struct reader *r = &t->readers.reader[i];

		put(p, row + (int)i, 0, r->entry.lost > 0 ? A_BOLD : A_NORMAL,
			" reader %s  pid %" PRIu64 "  %s  lag %s  lost %" PRIu64, r->entry.name,
			r->entry.pid, r->feed, r->has_lag ? text_cnt(lag, r->lag) : "-",
			r->entry.lost);
	}
	return (int)shown;
}

/* ---- the instruments ------------------------------------------------------------------------------------------ */

static uint32_t
digits_of(const struct top *t, const struct vega_state_entry *e)
{
	return vega_state_digits(e, top_stat(t)->image.feeds[t->feed_idx].price_scale);
}

static bool
is_pinned(const struct top *t, uint32_t token)
{
	for (uint32_t i = 0; i < t->pin_cnt; i++)
		if (t->pins[i] == token)
			return true;
	return false;
}

static void
draw_watched(const struct pane *p, int row, const struct top *t, uint64_t watch_row)
{
	char symbol[VEGA_STATE_SYMBOL_BYTES + 1];
	char price[VEGA_PRICE_TEXT_BYTES] = "";
	char name[48];
	char volume[32] = "";
	struct vega_state_entry e;
	const int rc = top_watch_at(t, watch_row, &e);

	(void)snprintf(
		name, sizeof(name), "%" PRIu32 " %s", e.token, vega_state_symbol(&e, symbol));
	if ((e.flags & VEGA_STATE_HAS_LAST) != 0)
		(void)vega_state_price(price, e.last_price, digits_of(t, &e));
	if ((e.flags & VEGA_STATE_HAS_INDEX) != 0)
		(void)vega_state_price(price, e.index_value, digits_of(t, &e));
	if ((e.flags & VEGA_STATE_HAS_VOLUME) != 0)
		(void)text_cnt(volume, e.volume);
	put(p, row, 0, watch_row == t->row ? A_REVERSE : A_NORMAL, "%c%-14.14s %10s %8s %s",
		is_pinned(t, e.token) ? '*' : ' ', name, price, volume,
		rc != 0                             ? "?"
		: (e.flags & VEGA_STATE_STALE) != 0 ? "stale"
						    : "");
}

static void
draw_watch(const struct pane *p, const struct top *t)
{
	const uint64_t cnt = top_watch_cnt(t);
	const uint64_t rows = p->rows > 1 ? (uint64_t)p->rows - 1 : 0;
	const uint64_t first = t->row < rows ? 0 : t->row - rows + 1;
	char title[80];

	page_rows = rows > 1 ? (uint32_t)rows : 1;
	(void)snprintf(title, sizeof(title), " %-14s %10s %8s",
		t->pinned_only ? "PINNED" : "INSTRUMENT", "LAST", "VOLUME");
	put_bar(p, 0, A_UNDERLINE, title);
	if (t->table == NULL)
		put(p, 1, 1, A_NORMAL, "no state table");
	else if (cnt == 0)
		put(p, 1, 1, A_NORMAL, "no instrument yet");
	for (uint64_t i = 0; i < rows && first + i < cnt; i++)
		draw_watched(p, 1 + (int)i, t, first + i);
}

static void
draw_trades(const struct pane *p, const struct top *t, uint32_t digits)
{
	char price[VEGA_PRICE_TEXT_BYTES];
	char clock[40];

	put_bar(p, 0, A_UNDERLINE, " TRADE UTC            PRICE      QTY");
	for (int i = 0; i < p->rows - 1 && i < (int)t->trade_cnt; i++) {
		const struct vega_state_event *trade = &t->trades[i];

		put(p, 1 + i, 0, A_NORMAL, " %s %13s %8" PRIu64 "%s", text_clock(clock, trade->ns),
			vega_state_price(price, trade->price, digits), trade->qty,
			(trade->flags >> 8 & VEGA_TRADE_BREAK) != 0 ? " break" : "");
	}
}

/* "name value  " behind what is there, when it is known. */
static void
add_price(char line[TOP_TEXT_BYTES], const struct vega_state_entry *e, uint32_t flag,
	const char *name, int64_t price, uint32_t digits)
{
	const size_t at = strlen(line);
	char text[VEGA_PRICE_TEXT_BYTES];

	if ((e->flags & flag) != 0)
		(void)snprintf(line + at, TOP_TEXT_BYTES - at, "%s %s  ", name,
			vega_state_price(text, price, digits));
}

static void
add_cnt(char line[TOP_TEXT_BYTES], const struct vega_state_entry *e, uint32_t flag,
	const char *name, uint64_t value)
{
	const size_t at = strlen(line);

	if ((e->flags & flag) != 0)
		(void)snprintf(line + at, TOP_TEXT_BYTES - at, "%s %" PRIu64 "  ", name, value);
}

static void
draw_values(const struct pane *p, const struct vega_state_entry *e, uint32_t digits)
{
	char line[3][TOP_TEXT_BYTES] = {"", "", ""};
	char clock[40];

	add_price(line[0], e, VEGA_STATE_HAS_LAST, "last", e->last_price, digits);
	add_cnt(line[0], e, VEGA_STATE_HAS_LAST, "x", e->last_qty);
	add_price(line[0], e, VEGA_STATE_HAS_AVERAGE, "avg", e->average_price, digits);
	add_price(line[0], e, VEGA_STATE_HAS_INDEX, "index", e->index_value, digits);
	add_price(line[1], e, VEGA_STATE_HAS_OPEN, "O", e->open, digits);
	add_price(line[1], e, VEGA_STATE_HAS_HIGH, "H", e->high, digits);
	add_price(line[1], e, VEGA_STATE_HAS_LOW, "L", e->low, digits);
	add_price(line[1], e, VEGA_STATE_HAS_CLOSE, "C", e->close, digits);
	add_cnt(line[2], e, VEGA_STATE_HAS_VOLUME, "vol", e->volume);
	add_cnt(line[2], e, VEGA_STATE_HAS_OI, "oi", e->oi);
	for (int i = 0; i < 3; i++)
		put(p, 1 + i, 0, A_NORMAL, "%s", line[i]);
	put(p, 3, (int)strlen(line[2]), A_NORMAL, "at %s",
		text_clock(clock, e->exch_ns != 0 ? e->exch_ns : e->recv_ns));
}

/* Quantity outside, price inside, so that the best prices meet in the middle. */
static void
draw_side(const struct pane *p, int row, const struct vega_state_entry *e, int is_ask,
	uint32_t level, uint32_t digits)
{
	const struct vega_state_level *at = is_ask ? &e->asks[level] : &e->bids[level];
	const int half = p->cols / 2;
	char price[VEGA_PRICE_TEXT_BYTES];

	if (level >= vega_state_level_cnt(e, is_ask))
		return;
	(void)vega_state_price(price, at->price, digits);
	if (is_ask)
		put(p, row, half, COLOR_PAIR(PAIR_ASK), " %-10s %8" PRIu64, price, at->qty);
	else
		put(p, row, half > 20 ? half - 20 : 0, COLOR_PAIR(PAIR_BID), "%8" PRIu64 " %10s ",
			at->qty, price);
}

static void
draw_instrument(const struct pane *p, const struct top *t, const struct vega_state_entry *e,
	uint32_t digits)
{
	char symbol[VEGA_STATE_SYMBOL_BYTES + 1];
	char title[128];

	(void)snprintf(title, sizeof(title), "%s %" PRIu32 " %s%s",
		top_stat(t)->image.feeds[t->feed_idx].name, e->token, vega_state_symbol(e, symbol),
		(e->flags & VEGA_STATE_STALE) != 0 ? "  STALE" : "");
	put_bar(p, 0, A_UNDERLINE | A_BOLD, title);
	draw_values(p, e, digits);
	for (uint32_t level = 0; level < VEGA_STATE_LEVEL_CNT; level++) {
		draw_side(p, 4 + (int)level, e, 0, level, digits);
		draw_side(p, 4 + (int)level, e, 1, level, digits);
	}
}

static void
draw_instruments(const struct pane *p, const struct top *t)
{
	const int left = p->cols < 60 ? p->cols : p->cols < 120 ? p->cols / 2 - 1 : 60;
	const int trade_rows = p->rows < 9 ? 0 : p->rows / 3 + 1;
	const struct pane watch = {p->y, p->x, p->rows - trade_rows, left};
	const struct pane trades = {p->y + p->rows - trade_rows, p->x, trade_rows, left};
	const struct pane right = {
		p->y, p->x + left + 1, p->rows, p->cols - left - 1 < 60 ? p->cols - left - 1 : 60};
	struct vega_state_entry e = {.token = t->token, .digits = 255};
	uint32_t digits;

	if (t->table != NULL)
		(void)vega_bus_latest(t->table, t->token, &e);
	digits = digits_of(t, &e);
	draw_watch(&watch, t);
	draw_trades(&trades, t, digits);
	if (t->token != 0)
		draw_instrument(&right, t, &e, digits);
}

/* ---- the screen ----------------------------------------------------------------------------------------------- */

static void
draw_keys(const struct pane *p, const struct top *t, const char *question)
{
	if (question != NULL)
		put(p, p->rows - 1, 0, A_BOLD, "token or symbol: %s_", question);
	else if (t->message[0] != '\0')
		put(p, p->rows - 1, 0, A_BOLD, "%s", t->message);
	else
		put_bar(p, p->rows - 1, A_REVERSE, KEYS);
}

void
top_draw(const struct top *t, const char *question)
{
	struct pane screen = {0};
	struct pane rest;
	int row = 2;

	getmaxyx(stdscr, screen.rows, screen.cols);
	(void)erase();
	draw_title(&screen, t);
	draw_totals(&screen, t);
	row += draw_feeds(&screen, row, t);
	row += draw_readers(&screen, row, t);
	rest = (struct pane){row, 0, screen.rows - 1 - row, screen.cols};
	if (rest.rows > 0)
		draw_instruments(&rest, t);
	(void)move(screen.rows - 1, 0);
	(void)clrtoeol();
	draw_keys(&screen, t, question);
	(void)refresh();
}
