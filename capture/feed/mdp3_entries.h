/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_FEED_MDP3_ENTRIES_H
#define VEGA_FEED_MDP3_ENTRIES_H
/*
 * CME MDP 3.0: a framed message on its way to records, what all its templates share, and who lays which. Private to mdp3_*.c.
 */
#include "capture/feed/mdp3.h"

#define VEGA_MDP3_PRICE_NONE INT64_MAX
#define VEGA_MDP3_QTY_NONE   UINT64_MAX

enum vega_mdp3_action {
	VEGA_MDP3_ACTION_NEW = 0,
	VEGA_MDP3_ACTION_CHANGE = 1,
	VEGA_MDP3_ACTION_DELETE = 2,
	VEGA_MDP3_ACTION_DELETE_THRU = 3, /* this level and all before it */
	VEGA_MDP3_ACTION_DELETE_FROM = 4, /* this level and all behind it */
	VEGA_MDP3_ACTION_OVERLAY = 5
};

/* Where the fields of an entry lie, behind its price. What a template has not is 0, and not read. */
struct vega_mdp3_places {
	uint8_t qty;
	uint8_t instrument;
	uint8_t order_cnt;
	uint8_t level;
	uint8_t action;
	uint8_t type;
	uint8_t qualifier; /* aggressor of a trade, flag or settlement type of a statistic */
	uint8_t id;        /* of the trade */
	uint8_t date;      /* what it refers to */
	bool is_qty_long;  /* 8 bytes */
	uint8_t since;     /* the version that appended trade id or size */
};

struct vega_mdp3_message {
	struct vega_decode *d;
	const uint8_t *root;
	const struct vega_mdp3_places *at;
	struct vega_mdp3_group entries;
	struct vega_mdp3_group orders;
	uint64_t ns;
	uint32_t id; /* of the template */
	uint32_t version;
	uint32_t flags; /* of all its records */
	bool is_odd;
};

/* ---- reading -------------------------------------------------------------------------------------------------- */

static VEGA_ALWAYS_INLINE int64_t
vega_mdp3_price_at(const uint8_t *at)
{
	return (int64_t)vega_le64(at);
}

static VEGA_ALWAYS_INLINE uint64_t
vega_mdp3_qty32_at(const uint8_t *at)
{
	const uint32_t qty = vega_le32(at);

	return qty < INT32_MAX ? qty : VEGA_MDP3_QTY_NONE; /* none, or negative */
}

static VEGA_ALWAYS_INLINE uint64_t
vega_mdp3_qty_at(const struct vega_mdp3_places *at, const uint8_t *entry)
{
	return at->is_qty_long ? vega_le64(entry + at->qty) : vega_mdp3_qty32_at(entry + at->qty);
}

/* As many bits as a level has for it; implied levels have no orders, and say so with a number beyond. */
static VEGA_ALWAYS_INLINE uint32_t
vega_mdp3_order_cnt_at(const uint8_t *at)
{
	const uint32_t cnt = vega_le32(at);

	return cnt >> 28 == 0 ? cnt : 0;
}

/* Is a field there, that a version appended to entries? */
static inline bool
vega_mdp3_has_appended(const struct vega_mdp3_message *m, uint32_t off)
{
	return m->version >= m->at->since && m->entries.bytes >= off + sizeof(uint32_t);
}

/* ---- records -------------------------------------------------------------------------------------------------- */

/* `what` of a STATUS: template, the entry's type, and a byte that says more of it. */
static VEGA_ALWAYS_INLINE void
vega_mdp3_lay_status(struct vega_mdp3_message *m, uint32_t flags, uint32_t instrument,
	uint32_t type, uint32_t more, uint64_t value, uint64_t value2)
{
	vega_emit(m->d->emit, m->ns, VEGA_STATUS, m->flags | flags, instrument,
		m->id | type << 16 | more << 24, value, value2);
}

static VEGA_ALWAYS_INLINE void
vega_mdp3_lay_ref(struct vega_mdp3_message *m, uint32_t instrument, enum vega_ref what, uint64_t id,
	uint64_t id2)
{
	vega_emit(m->d->emit, m->ns, VEGA_ORDER_REF, m->flags, instrument, what, id, id2);
}

/* What no kind of record can tell; counted. */
void vega_mdp3_lay_odd(struct vega_mdp3_message *m, uint32_t instrument, uint32_t type,
	uint32_t action, uint64_t value, uint64_t value2);
void vega_mdp3_lay_clear(struct vega_mdp3_message *m, uint32_t instrument);

/* A level of a snapshot. */
bool vega_mdp3_is_book_type(uint8_t type);
void vega_mdp3_lay_snapshot_level(
	struct vega_mdp3_message *m, uint32_t instrument, const uint8_t *entry);

/* By template, for the table in mdp3_records.c. */
void vega_mdp3_lay_book(struct vega_mdp3_message *m);
void vega_mdp3_lay_order_book(struct vega_mdp3_message *m);
void vega_mdp3_lay_order_snapshot(struct vega_mdp3_message *m);
void vega_mdp3_lay_trades(struct vega_mdp3_message *m);
void vega_mdp3_lay_session_stats(struct vega_mdp3_message *m);
void vega_mdp3_lay_daily_stats(struct vega_mdp3_message *m);
void vega_mdp3_lay_volumes(struct vega_mdp3_message *m);
void vega_mdp3_lay_limits(struct vega_mdp3_message *m);
void vega_mdp3_lay_snapshot(struct vega_mdp3_message *m);
void vega_mdp3_lay_security_status(struct vega_mdp3_message *m);
void vega_mdp3_lay_quote_requests(struct vega_mdp3_message *m);

#endif
