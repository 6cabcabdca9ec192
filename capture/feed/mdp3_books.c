/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cme-mdp3: levels and orders as records.
 */
#include "capture/feed/mdp3_entries.h"

#define ID_NONE   UINT64_MAX
#define LEVEL_MAX 31u

/* ---- levels --------------------------------------------------------------------------------------------------- */

struct level {
	int64_t price;
	uint64_t qty;
	uint32_t instrument;
	uint32_t order_cnt;
	uint8_t level;
	uint8_t action;
	uint8_t type;
};

bool
vega_mdp3_is_book_type(uint8_t type)
{
	return type == '0' || type == '1' || type == 'E' || type == 'F';
}

static bool
is_level(const struct level *l)
{
	const bool is_removal =
		l->action >= VEGA_MDP3_ACTION_DELETE && l->action <= VEGA_MDP3_ACTION_DELETE_FROM;

	return vega_mdp3_is_book_type(l->type) && l->action <= VEGA_MDP3_ACTION_OVERLAY &&
	       l->level - 1u < LEVEL_MAX &&
	       (is_removal || (l->price != VEGA_MDP3_PRICE_NONE && l->qty != VEGA_MDP3_QTY_NONE));
}

static VEGA_ALWAYS_INLINE void
put_level(struct vega_mdp3_message *m, const struct level *l, uint32_t number,
	enum vega_level_action action, struct vega_emit_side side)
{
	const struct vega_emit_side none = {0};
	const bool is_ask = l->type == '1' || l->type == 'F';
	const uint32_t book = l->type >= 'E' ? VEGA_LEVEL_IMPLIED : 0;

	vega_emit_level(m->d->emit, m->ns, m->flags | VEGA_RECORD_ACTION(action), l->instrument,
		number | book, is_ask ? VEGA_SIDE_ASK : VEGA_SIDE_BID, is_ask ? none : side,
		is_ask ? side : none);
}

/* One record a level, the first level each time; the last of them has what the entry says. 255 entries can be 7905 records. */
static VEGA_NOINLINE void
lay_thru(struct vega_mdp3_message *m, const struct level *l, struct vega_emit_side side)
{
	const struct vega_emit_side unknown = {0};

	for (uint32_t i = 1; i <= l->level; i++) {
		if (!vega_emit_room(m->d->emit)) {
			m->d->is_malformed = true;
			return;
		}
		put_level(m, l, 1, VEGA_LEVEL_DELETE, i == l->level ? side : unknown);
	}
}

static VEGA_ALWAYS_INLINE void
lay_level(struct vega_mdp3_message *m, const struct level *l)
{
	static const uint8_t actions[] = {
		[VEGA_MDP3_ACTION_NEW] = VEGA_LEVEL_INSERT,
		[VEGA_MDP3_ACTION_CHANGE] = VEGA_LEVEL_SET,
		[VEGA_MDP3_ACTION_DELETE] = VEGA_LEVEL_DELETE,
		[VEGA_MDP3_ACTION_DELETE_FROM] = VEGA_LEVEL_CUT,
		[VEGA_MDP3_ACTION_OVERLAY] = VEGA_LEVEL_SET,
	};
	const struct vega_emit_side side = {
		.price = l->price != VEGA_MDP3_PRICE_NONE ? l->price : 0,
		.qty = l->qty != VEGA_MDP3_QTY_NONE ? l->qty : 0,
		.order_cnt = l->order_cnt,
	};

	if (vega_unlikely(l->type == 'J'))
		vega_mdp3_lay_clear(m, l->instrument);
	else if (vega_unlikely(!is_level(l)))
		vega_mdp3_lay_odd(m, l->instrument, l->type, l->action, (uint64_t)l->price, l->qty);
	else if (vega_unlikely(l->action == VEGA_MDP3_ACTION_DELETE_THRU))
		lay_thru(m, l, side);
	else
		put_level(m, l, l->level, actions[l->action], side);
}

void
vega_mdp3_lay_snapshot_level(struct vega_mdp3_message *m, uint32_t instrument, const uint8_t *entry)
{
	lay_level(m, &(struct level){
			     .price = vega_mdp3_price_at(entry),
			     .qty = vega_mdp3_qty32_at(entry + 8),
			     .instrument = instrument,
			     .order_cnt = vega_mdp3_order_cnt_at(entry + 12),
			     .level = entry[16],
			     .action = VEGA_MDP3_ACTION_CHANGE,
			     .type = entry[21],
		     });
}

/* ---- orders --------------------------------------------------------------------------------------------------- */

struct order {
	uint64_t id;
	uint64_t priority;
	int64_t price;
	uint64_t qty;
	uint32_t instrument;
	uint8_t action;
	uint8_t type;
};

static VEGA_ALWAYS_INLINE void
lay_order(struct vega_mdp3_message *m, const struct order *o)
{
	const bool has_price = o->price != VEGA_MDP3_PRICE_NONE;
	const bool has_qty = o->qty != VEGA_MDP3_QTY_NONE;
	const uint32_t side = o->type == '1' ? VEGA_RECORD_ASK : 0;
	const uint32_t reference =
		(has_price ? 0 : VEGA_ORDER_NO_PRICE) | (has_qty ? 0 : VEGA_ORDER_NO_QTY);

	if (vega_unlikely(
		    (o->type != '0' && o->type != '1') || o->action > VEGA_MDP3_ACTION_DELETE)) {
		vega_mdp3_lay_odd(m, o->instrument, o->type, o->action, o->id, o->priority);
		return;
	}
	/* New, change, delete; add, modify, delete: in the same order. */
	vega_emit_order(m->d->emit, m->ns, VEGA_ORDER_ADD + o->action, m->flags | side,
		o->instrument, has_qty ? o->qty : 0, o->id, has_price ? o->price : 0, reference);
	if (o->priority != ID_NONE)
		vega_mdp3_lay_ref(m, o->instrument, VEGA_REF_PRIORITY, o->priority, 0);
}

/* Orders behind the levels of one message: each names the entry that has its price, side and instrument. */
static void
lay_book_orders(struct vega_mdp3_message *m)
{
	for (uint32_t i = 0; i < m->orders.cnt; i++) {
		const uint8_t *at = m->orders.data + (size_t)i * m->orders.bytes;
		const uint32_t entry_idx = at[20] - 1u;
		const uint8_t *entry;

		if (vega_unlikely(entry_idx >= m->entries.cnt)) {
			vega_mdp3_lay_odd(m, 0, 0, at[21], vega_le64(at), vega_le64(at + 8));
			continue;
		}
		entry = m->entries.data + (size_t)entry_idx * m->entries.bytes;
		lay_order(m, &(struct order){
				     .id = vega_le64(at),
				     .priority = vega_le64(at + 8),
				     .qty = vega_mdp3_qty32_at(at + 16),
				     .action = at[21],
				     .price = vega_mdp3_price_at(entry),
				     .instrument = vega_le32(entry + m->at->instrument),
				     .type = entry[m->at->type],
			     });
	}
}

void
vega_mdp3_lay_book(struct vega_mdp3_message *m)
{
	const struct vega_mdp3_places at = *m->at;
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_level(m, &(struct level){
				     .price = vega_mdp3_price_at(entry),
				     .qty = vega_mdp3_qty_at(&at, entry),
				     .instrument = vega_le32(entry + at.instrument),
				     .order_cnt = vega_mdp3_order_cnt_at(entry + at.order_cnt),
				     .level = entry[at.level],
				     .action = entry[at.action],
				     .type = entry[at.type],
			     });
	lay_book_orders(m);
}

/* An entry that is an order begins alike in books and snapshots; what stands behind, or is known without it, is told. */
static VEGA_ALWAYS_INLINE void
lay_whole_order(struct vega_mdp3_message *m, const uint8_t *entry, uint32_t instrument,
	uint8_t action, uint8_t type)
{
	lay_order(m, &(struct order){
			     .id = vega_le64(entry),
			     .priority = vega_le64(entry + 8),
			     .price = vega_mdp3_price_at(entry + 16),
			     .qty = vega_mdp3_qty32_at(entry + 24),
			     .instrument = instrument,
			     .action = action,
			     .type = type,
		     });
}

void
vega_mdp3_lay_order_book(struct vega_mdp3_message *m)
{
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_whole_order(m, entry, vega_le32(entry + 28), entry[32], entry[33]);
}

/* An instrument's orders, in pieces: the first one begins the book of orders anew. */
void
vega_mdp3_lay_order_snapshot(struct vega_mdp3_message *m)
{
	const uint32_t instrument = vega_le32(m->root + 8);
	const uint8_t *entry = m->entries.data;

	m->flags |= VEGA_RECORD_SNAPSHOT;
	vega_mdp3_lay_status(m, 0, instrument, 0, 0, vega_le64(m->root), vega_le64(m->root + 12));
	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_whole_order(m, entry, instrument, VEGA_MDP3_ACTION_NEW, entry[28]);
}
