/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cme-mdp3: trades, statistics, snapshots of both and of levels, and states as records.
 */
#include "capture/feed/mdp3_entries.h"

#define TRADE_ID_NONE   UINT32_MAX
#define FLAG_NONE       0xFFu
#define INSTRUMENT_NONE 0x7FFFFFFFu

/* ---- trades --------------------------------------------------------------------------------------------------- */

static uint64_t
trade_id_at(const struct vega_mdp3_message *m, const uint8_t *entry)
{
	const uint32_t id = vega_mdp3_has_appended(m, m->at->id) ? vega_le32(entry + m->at->id) : 0;

	return id != TRADE_ID_NONE ? id : 0;
}

/* Returns the orders that took part, as the entry says. */
static uint32_t
lay_trade(struct vega_mdp3_message *m, const uint8_t *entry)
{
	const struct vega_mdp3_places *at = m->at;
	const int64_t price = vega_mdp3_price_at(entry);
	const uint64_t qty = vega_mdp3_qty_at(at, entry);
	const uint32_t instrument = vega_le32(entry + at->instrument);
	const uint32_t order_cnt = vega_mdp3_order_cnt_at(entry + at->order_cnt);
	const uint32_t aggressor = entry[at->qualifier];
	const uint32_t action = entry[at->action];
	const uint32_t shown_cnt = order_cnt < 0x3FFF ? order_cnt : 0x3FFF;
	const uint32_t condition = (aggressor - 1u < 2 ? 0 : VEGA_TRADE_NO_AGGRESSOR) |
				   (action == VEGA_MDP3_ACTION_DELETE ? VEGA_TRADE_BREAK : 0) |
				   action << 16 | shown_cnt << 18;

	if (vega_unlikely(price == VEGA_MDP3_PRICE_NONE || qty == VEGA_MDP3_QTY_NONE ||
			  action > VEGA_MDP3_ACTION_DELETE))
		vega_mdp3_lay_odd(m, instrument, 0, action, (uint64_t)price, qty);
	else
		vega_emit_trade(m->d->emit, m->ns,
			m->flags | (aggressor == 2 ? VEGA_RECORD_ASK : 0), instrument, qty,
			trade_id_at(m, entry), price, condition);
	return order_cnt;
}

/* The orders follow the trades in their order, each trade's behind it; those that no trade counts, behind the last. */
void
vega_mdp3_lay_trades(struct vega_mdp3_message *m)
{
	const uint8_t *entry = m->entries.data;
	const uint8_t *order = m->orders.data;
	uint32_t left = m->orders.cnt;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes) {
		const uint32_t instrument = vega_le32(entry + m->at->instrument);
		uint32_t cnt = lay_trade(m, entry);

		cnt = cnt > left || i + 1 == m->entries.cnt ? left : cnt;
		left -= cnt;
		for (; cnt != 0; cnt--, order += m->orders.bytes)
			vega_mdp3_lay_ref(m, instrument, VEGA_REF_ORDER, vega_le64(order),
				vega_mdp3_qty32_at(order + 8));
	}
	if (vega_unlikely(left != 0))
		vega_mdp3_lay_odd(m, 0, 0, 0, vega_le64(order), left);
}

/* ---- statistics ----------------------------------------------------------------------------------------------- */

struct stat {
	int64_t price;
	uint64_t qty;
	uint32_t instrument;
	uint32_t date; /* 0: none */
	uint8_t action;
	uint8_t type;
	uint8_t qualifier;
};

enum ohlc {
	OHLC_OPEN = 0,
	OHLC_HIGH = 1,
	OHLC_LOW = 2,
	OHLC_CLOSE = 3,
	OHLC_NONE
};

/* An indicative opening price is none. */
static enum ohlc
ohlc_of(const struct stat *s)
{
	if (s->price == VEGA_MDP3_PRICE_NONE || s->action >= VEGA_MDP3_ACTION_DELETE)
		return OHLC_NONE;
	if (s->type == '4')
		return s->qualifier == 0 || s->qualifier == FLAG_NONE ? OHLC_OPEN : OHLC_NONE;
	return s->type == '7'   ? OHLC_HIGH
	       : s->type == '8' ? OHLC_LOW
	       : s->type == '6' ? OHLC_CLOSE
				: OHLC_NONE;
}

static void
lay_ohlc(struct vega_mdp3_message *m, const struct stat *s, enum ohlc which)
{
	uint64_t value[5] = {0, 0, 0, 0, 1u << which};

	value[which] = (uint64_t)s->price;
	if (vega_fits_price(s->price))
		vega_emit(m->d->emit, m->ns, VEGA_OHLC, m->flags, s->instrument, (uint32_t)value[0],
			vega_pair((uint32_t)value[1], (uint32_t)value[2]),
			vega_pair((uint32_t)value[3], (uint32_t)value[4]));
	else
		vega_emit_wide(m->d->emit, m->ns, VEGA_OHLC, m->flags, s->instrument, value);
}

/* Volume of the day. */
static void
lay_volume(struct vega_mdp3_message *m, uint32_t instrument, uint64_t volume)
{
	vega_emit(m->d->emit, m->ns, VEGA_LAST, m->flags, instrument, 0, 0, volume);
}

static void
lay_stat(struct vega_mdp3_message *m, const struct stat *s)
{
	const enum ohlc which = ohlc_of(s);
	const bool is_set = s->qty != VEGA_MDP3_QTY_NONE && s->action < VEGA_MDP3_ACTION_DELETE;

	if (which != OHLC_NONE)
		lay_ohlc(m, s, which);
	if (which != OHLC_NONE && which != OHLC_CLOSE)
		return;
	if (s->type == 'e' && is_set) {
		lay_volume(m, s->instrument, s->qty);
		return;
	}
	if (s->type == 'C' && is_set)
		vega_emit(m->d->emit, m->ns, VEGA_INTEREST, m->flags, s->instrument, 0, s->qty, 0);
	m->is_odd |= s->action > VEGA_MDP3_ACTION_DELETE;
	vega_mdp3_lay_status(m, VEGA_RECORD_ACTION(s->action < 3 ? s->action : 3), s->instrument,
		s->type, s->qualifier, (uint64_t)s->price,
		s->date != 0 ? (uint32_t)s->qty | (uint64_t)s->date << 32 : s->qty);
}

void
vega_mdp3_lay_session_stats(struct vega_mdp3_message *m)
{
	const struct vega_mdp3_places *at = m->at;
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_stat(m, &(struct stat){
				    .price = vega_mdp3_price_at(entry),
				    .qty = vega_mdp3_has_appended(m, at->qty)
						   ? vega_mdp3_qty_at(at, entry)
						   : VEGA_MDP3_QTY_NONE,
				    .instrument = vega_le32(entry + at->instrument),
				    .action = entry[at->action],
				    .type = entry[at->type],
				    .qualifier = entry[at->qualifier],
			    });
}

void
vega_mdp3_lay_daily_stats(struct vega_mdp3_message *m)
{
	const struct vega_mdp3_places *at = m->at;
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_stat(m, &(struct stat){
				    .price = vega_mdp3_price_at(entry),
				    .qty = vega_mdp3_qty_at(at, entry),
				    .instrument = vega_le32(entry + at->instrument),
				    .date = vega_le16(entry + at->date),
				    .action = entry[at->action],
				    .type = entry[at->type],
				    .qualifier = entry[at->qualifier],
			    });
}

void
vega_mdp3_lay_volumes(struct vega_mdp3_message *m)
{
	const struct vega_mdp3_places *at = m->at;
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes) {
		const uint32_t instrument = vega_le32(entry + at->instrument);
		const uint64_t volume = vega_mdp3_qty_at(at, entry);

		if (volume != VEGA_MDP3_QTY_NONE && entry[at->action] < VEGA_MDP3_ACTION_DELETE)
			lay_volume(m, instrument, volume);
		else
			vega_mdp3_lay_odd(m, instrument, 0, entry[at->action], 0, volume);
	}
}

static void
lay_limit_prices(struct vega_mdp3_message *m, uint32_t instrument, const uint8_t *at)
{
	vega_mdp3_lay_status(m, 0, instrument, 0, 0, vega_le64(at), vega_le64(at + 8));
	vega_mdp3_lay_status(m, 0, instrument, 1, 0, vega_le64(at + 16), 0);
}

void
vega_mdp3_lay_limits(struct vega_mdp3_message *m)
{
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_limit_prices(m, vega_le32(entry + 24), entry);
}

/* ---- snapshots ------------------------------------------------------------------------------------------------ */

static void
lay_snapshot_entry(struct vega_mdp3_message *m, uint32_t instrument, const uint8_t *entry)
{
	const uint8_t type = entry[21];

	if (vega_mdp3_is_book_type(type))
		vega_mdp3_lay_snapshot_level(m, instrument, entry);
	else
		lay_stat(m, &(struct stat){
				    .price = vega_mdp3_price_at(entry),
				    .qty = vega_mdp3_qty32_at(entry + 8),
				    .instrument = instrument,
				    .date = vega_le16(entry + 17),
				    .action = VEGA_MDP3_ACTION_NEW,
				    .type = type,
				    .qualifier = entry[type == '4' ? 19 : 20],
			    });
}

void
vega_mdp3_lay_snapshot(struct vega_mdp3_message *m)
{
	const uint32_t instrument = vega_le32(m->root + 8);
	const uint8_t *entry = m->entries.data;

	m->flags |= VEGA_RECORD_SNAPSHOT;
	vega_mdp3_lay_clear(m, instrument);
	lay_limit_prices(m, instrument, m->root + 35);
	vega_mdp3_lay_status(m, 0, instrument, 2, m->root[34],
		vega_pair(vega_le32(m->root), vega_le32(m->root + 12)),
		vega_pair(vega_le32(m->root + 4), vega_le16(m->root + 32)));
	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		lay_snapshot_entry(m, instrument, entry);
}

/* ---- states --------------------------------------------------------------------------------------------------- */
/* Six characters, and two bytes behind them. */
static uint64_t
name_and(const uint8_t *name, uint32_t more)
{
	return (vega_le64(name) & 0xFFFFFFFFFFFFu) | (uint64_t)more << 48;
}

void
vega_mdp3_lay_security_status(struct vega_mdp3_message *m)
{
	const uint32_t instrument = vega_le32(m->root + 20);

	vega_mdp3_lay_status(m, 0, instrument != INSTRUMENT_NONE ? instrument : 0, m->root[27],
		m->root[29], name_and(m->root + 8, vega_le16(m->root + 24)),
		name_and(m->root + 14, m->root[28]));
}

void
vega_mdp3_lay_quote_requests(struct vega_mdp3_message *m)
{
	const uint8_t *entry = m->entries.data;

	for (uint32_t i = 0; i < m->entries.cnt; i++, entry += m->entries.bytes)
		vega_mdp3_lay_status(m, 0, vega_le32(entry + 20), entry[28], entry[29],
			vega_mdp3_qty32_at(entry + 24), 0);
}
