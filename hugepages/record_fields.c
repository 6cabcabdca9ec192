/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/record_fields.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/attr.h"

struct visit {
	const union vega_record *r;
	const union vega_record *wide; /* NULL: no high halves */
	void (*each)(void *arg, const struct vega_record_value *value);
	void *arg;
};

/* ---- one field ------------------------------------------------------------------------------------------------ */

static uint32_t
half(const union vega_record *r, uint32_t off)
{
	return (uint32_t)(r->word[off / 8] >> off % 8 * 8);
}

static void
number(const struct visit *v, const char *name, uint64_t value)
{
	v->each(v->arg,
		&(struct vega_record_value){.name = name, .type = VEGA_VALUE_UNSIGNED, .u = value});
}

static void
text(const struct visit *v, const char *name, const char *from, size_t bytes)
{
	struct vega_record_value value = {.name = name, .type = VEGA_VALUE_TEXT};

	for (size_t i = 0; i < bytes && i + 1 < sizeof(value.text) && from[i] != '\0'; i++)
		value.text[i] = from[i];
	for (char *at = value.text; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	v->each(v->arg, &value);
}

static void
word_of(const struct visit *v, const char *name, const char *const *words, uint32_t cnt, uint32_t n)
{
	if (n < cnt && words[n] != NULL)
		text(v, name, words[n], strlen(words[n]));
	else
		number(v, name, n);
}
#define WORD(v, name, words, n) word_of((v), (name), (words), VEGA_ARRAY_CNT(words), (n))

static void
real(const struct visit *v, const char *name, double value)
{
	v->each(v->arg,
		&(struct vega_record_value){.name = name, .type = VEGA_VALUE_REAL, .real = value});
}

/* A 4-byte quantity, or a price, with its high half. */
static void
qty(const struct visit *v, const char *name, uint32_t off)
{
	const uint64_t high = v->wide != NULL ? half(v->wide, off) : 0;

	number(v, name, high << 32 | half(v->r, off));
}

static void
price(const struct visit *v, const char *name, uint32_t off)
{
	const uint64_t low = half(v->r, off);
	const int64_t value = v->wide != NULL ? (int64_t)((uint64_t)half(v->wide, off) << 32 | low)
					      : (int32_t)low;

	v->each(v->arg,
		&(struct vega_record_value){.name = name, .type = VEGA_VALUE_SIGNED, .i = value});
}

/* ---- by kind -------------------------------------------------------------------------------------------------- */

static void
side(const struct visit *v)
{
	if (vega_record_flags(v->r) & VEGA_RECORD_ASK)
		text(v, "side", "sell", 4);
	else
		text(v, "side", "buy", 3);
}

static void
packet(const struct visit *v)
{
	static const char *const actions[] = {"new", "duplicate", "idle", "malformed"};
	const struct vega_packet_record *p = &v->r->packet;

	WORD(v, "action", actions, vega_record_action(v->r));
	text(v, "line", (const char *)&p->line, 1);
	number(v, "port", p->port);
	number(v, "messages", p->message_cnt);
	if (p->seq != UINT64_MAX)
		number(v, "seq", p->seq);
	if (!(vega_record_flags(v->r) & VEGA_RECORD_FRAME_LOST))
		number(v, "frame", p->frame);
}

static void
order(const struct visit *v)
{
	const struct vega_order_record *o = &v->r->order;

	side(v);
	if (!(o->reference & VEGA_ORDER_NO_QTY))
		qty(v, "qty", 12);
	number(v, "order_id", o->order_id);
	if (!(o->reference & VEGA_ORDER_NO_PRICE))
		price(v, "price", 24);
	number(v, "reference", o->reference);
}

static void
ref(const struct visit *v)
{
	static const char *const whats[] = {
		NULL, "match", "buy_sell", "replace", "priority", "order", "attribution"};
	const struct vega_ref_record *o = &v->r->ref;

	WORD(v, "what", whats, o->what);
	if (o->what == VEGA_REF_ATTRIBUTION)
		text(v, "id", (const char *)&o->id, 8);
	else
		number(v, "id", o->id);
	number(v, "id2", o->id2);
}

static void
trade(const struct visit *v)
{
	const struct vega_trade_record *t = &v->r->trade;

	if (!(t->condition & VEGA_TRADE_NO_AGGRESSOR))
		side(v);
	qty(v, "qty", 12);
	number(v, "trade_id", t->trade_id);
	price(v, "price", 24);
	number(v, "condition", t->condition);
}

static void
level(const struct visit *v)
{
	static const char *const actions[] = {"set", "insert", "delete", "cut"};
	const uint32_t word = v->r->level.level;
	const uint32_t more = v->wide != NULL ? half(v->wide, 12) : 0;

	WORD(v, "action", actions, vega_record_action(v->r));
	number(v, "level", word & 31u);
	if (word & VEGA_LEVEL_IMPLIED)
		number(v, "implied", 1);
	if (word >> 6 & VEGA_SIDE_BID) {
		price(v, "bid", 16);
		qty(v, "bid_qty", 20);
		number(v, "bid_orders", (word >> 8 & 0xFFFu) | (more & 0xFFFFu) << 12);
	}
	if (word >> 6 & VEGA_SIDE_ASK) {
		price(v, "ask", 24);
		qty(v, "ask_qty", 28);
		number(v, "ask_orders", word >> 20 | more >> 16 << 12);
	}
}

static void
last(const struct visit *v)
{
	price(v, "price", 12);
	qty(v, "qty", 16);
	if (v->r->last.average != 0 || v->wide != NULL)
		price(v, "average", 20);
	if (v->r->last.volume != UINT64_MAX)
		number(v, "volume", v->r->last.volume);
}

static double
double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void
interest(const struct visit *v)
{
	number(v, "oi", v->r->interest.oi);
	if (v->r->interest.iv != 0)
		real(v, "iv", double_of(v->r->interest.iv));
}

static void
ohlc(const struct visit *v)
{
	static const char *const names[] = {"open", "high", "low", "close"};

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(names); i++)
		if (v->r->ohlc.given >> i & 1u)
			price(v, names[i], 12 + 4 * i);
}

static void
greeks(const struct visit *v)
{
	const struct vega_greeks_record *g = &v->r->greeks;

	real(v, "delta", (double)g->delta);
	real(v, "theta", (double)g->theta);
	real(v, "gamma", (double)g->gamma);
	real(v, "vega", (double)g->vega);
	real(v, "rho", (double)g->rho);
}

static void
index_value(const struct visit *v)
{
	static const char *const whats[] = {"index", "indicative_close"};

	WORD(v, "what", whats, v->r->index.what);
	price(v, "value", 12);
	price(v, "change", 16);
	if (v->r->index.cap != 0)
		real(v, "cap", double_of(v->r->index.cap));
}

static void
status(const struct visit *v)
{
	number(v, "what", v->r->status.what);
	number(v, "value", v->r->status.value);
	number(v, "value2", v->r->status.value2);
}

static void
definition(const struct visit *v)
{
	const struct vega_definition_record *d = &v->r->definition;
	uint64_t facts[2];

	number(v, "part", d->part);
	number(v, "part_cnt", d->part_cnt);
	if (d->digits != 255)
		number(v, "digits", d->digits);
	if (d->unit == 0) {
		text(v, "text", (const char *)d->text, sizeof(d->text));
		return;
	}
	memcpy(facts, d->text, sizeof(facts));
	number(v, "fact", facts[0]);
	number(v, "fact2", facts[1]);
}

static void
clear(const struct visit *v)
{
	number(v, "why", v->r->clear.why);
}

static void
gap(const struct visit *v)
{
	static const char *const states[] = {NULL, "open", "filled", "recovered", "lost"};
	const char line = (char)(v->r->gap.state >> 8);

	WORD(v, "state", states, v->r->gap.state & 0xFFu);
	if (line != '\0')
		text(v, "line", &line, 1);
	number(v, "first", v->r->gap.first);
	number(v, "cnt", v->r->gap.cnt);
}

static void
loss(const struct visit *v)
{
	static const char *const causes[] = {NULL, "port", "lapped"};

	WORD(v, "cause", causes, v->r->loss.cause);
	number(v, "cnt", v->r->loss.cnt);
	if (v->r->loss.cause == VEGA_LOSS_LAPPED)
		number(v, "first", v->r->loss.first);
}

static void
segment(const struct visit *v)
{
	static const char *const whats[] = {NULL, "start", "session", "restart", "end"};

	WORD(v, "what", whats, v->r->segment.what);
	number(v, "session", v->r->segment.session);
	number(v, "seq", v->r->segment.seq);
}

static void
epoch(const struct visit *v)
{
	const bool is_epoch = vega_record_kind(v->r) == VEGA_EPOCH;

	number(v, is_epoch ? "epoch_ns" : "full_ns", v->r->epoch.ns);
	if (is_epoch)
		number(v, "epoch_from", v->r->epoch.epoch_from);
}

static void
words(const struct visit *v)
{
	static const char *const names[] = {"word1", "word2", "word3"};

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(names); i++)
		number(v, names[i], v->r->word[i + 1]);
}

static const struct kind {
	const char *name;
	void (*body)(const struct visit *v);
} kinds[VEGA_RECORD_KIND_CNT] = {
	[0] = {"UNKNOWN", words},
	[VEGA_PACKET] = {"PACKET", packet},
	[VEGA_ORDER_ADD] = {"ORDER_ADD", order},
	[VEGA_ORDER_MODIFY] = {"ORDER_MODIFY", order},
	[VEGA_ORDER_DELETE] = {"ORDER_DELETE", order},
	[VEGA_ORDER_EXECUTE] = {"ORDER_EXECUTE", order},
	[VEGA_ORDER_REF] = {"ORDER_REF", ref},
	[VEGA_TRADE] = {"TRADE", trade},
	[VEGA_LEVEL] = {"LEVEL", level},
	[VEGA_LAST] = {"LAST", last},
	[VEGA_INTEREST] = {"INTEREST", interest},
	[VEGA_OHLC] = {"OHLC", ohlc},
	[VEGA_GREEKS] = {"GREEKS", greeks},
	[VEGA_INDEX] = {"INDEX", index_value},
	[VEGA_STATUS] = {"STATUS", status},
	[VEGA_DEFINITION] = {"DEFINITION", definition},
	[VEGA_CLEAR] = {"CLEAR", clear},
	[VEGA_GAP] = {"GAP", gap},
	[VEGA_LOSS] = {"LOSS", loss},
	[VEGA_SEGMENT] = {"SEGMENT", segment},
	[VEGA_EPOCH] = {"EPOCH", epoch},
	[VEGA_TIME] = {"TIME", epoch},
	[VEGA_WIDE] = {"WIDE", words},
};

static const struct kind *
kind_of(uint32_t kind)
{
	return &kinds[kind < VEGA_RECORD_KIND_CNT ? kind : 0];
}

const char *
vega_record_kind_name(uint32_t kind)
{
	return kind_of(kind)->name;
}

/* The flags that no kind shows otherwise, "last+snap". */
static void
flags(const struct visit *v)
{
	static const struct {
		uint32_t flag;
		char name[8];
	} names[] = {{VEGA_RECORD_LAST, "last"}, {VEGA_RECORD_SNAPSHOT, "snap"},
		{VEGA_RECORD_LOSS_BEFORE, "gap"}};
	char list[24] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < VEGA_ARRAY_CNT(names); i++)
		if (vega_record_flags(v->r) & names[i].flag)
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
				used == 0 ? "" : "+", names[i].name);
	if (used > 0)
		text(v, "flags", list, used);
}

void
vega_record_visit(const union vega_record *r, const union vega_record *wide,
	void (*each)(void *arg, const struct vega_record_value *value), void *arg)
{
	const bool is_wide = wide != NULL && vega_record_kind(wide) == VEGA_WIDE &&
			     (vega_record_flags(r) & VEGA_RECORD_WIDE) != 0;
	const struct visit v = {r, is_wide ? wide : NULL, each, arg};
	const uint32_t kind = vega_record_kind(r);
	const bool of_channel = kind == VEGA_PACKET || kind == VEGA_GAP || kind == VEGA_SEGMENT;

	number(&v, of_channel ? "channel" : "instrument", vega_record_instrument(r));
	flags(&v);
	kind_of(kind)->body(&v);
}
