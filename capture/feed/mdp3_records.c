/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cme-mdp3: its messages as records. docs/FEEDS.md says which template becomes which.
 *
 * A message is framed as for its line. Its entries are a few shapes, whatever the template: a level, an order, a trade, a volume,
 * a statistic; where the fields of one lie is the template's row in the table. An entry that its kind of record cannot tell, as a
 * level without a price, becomes a STATUS with what the entry says, and its message is odd.
 *
 * VEGA_RECORD_LAST is the exchange's end of event: a book is whole there, and not between the messages of one event.
 */
#include "capture/feed/mdp3_entries.h"

#define EVENT_END      0x80u /* of the match event indicator */
#define EVENT_RECOVERY 0x20u
#define CHANNEL_RESET  4u

/* What a template's records need of the wire. */
struct shape {
	uint8_t root_bytes;
	uint8_t entry_bytes; /* 0: no group */
	uint8_t order_bytes; /* 0: no second group */
	uint8_t orders_since;
	uint8_t ns_off;        /* in the root block: time */
	uint8_t indicator_off; /* match event indicator; 0: the message is an event */
	uint8_t digits;        /* of its prices; 0: it has none */
	void (*lay)(struct vega_mdp3_message *m); /* NULL: nothing */
	struct vega_mdp3_places at;
};

VEGA_COLD void
vega_mdp3_lay_odd(struct vega_mdp3_message *m, uint32_t instrument, uint32_t type, uint32_t action,
	uint64_t value, uint64_t value2)
{
	m->is_odd = true;
	vega_mdp3_lay_status(m, 0, instrument, type, action, value, value2);
}

void
vega_mdp3_lay_clear(struct vega_mdp3_message *m, uint32_t instrument)
{
	vega_emit(m->d->emit, m->ns, VEGA_CLEAR, m->flags, instrument, m->id, 0, 0);
}

static void
lay_reset(struct vega_mdp3_message *m)
{
	vega_mdp3_lay_clear(m, 0);
}

/* clang-format off */
#define BOOK       {.qty = 8, .instrument = 12, .order_cnt = 20, .level = 24, .action = 25, .type = 26}
#define LONG_BOOK  {.qty = 8, .instrument = 16, .order_cnt = 24, .level = 28, .action = 29, .type = 30, .is_qty_long = true}
#define OLD_TRADE  {.qty = 8, .instrument = 12, .order_cnt = 20, .id = 24, .qualifier = 28, .action = 29}
#define TRADE      {.qty = 8, .instrument = 12, .order_cnt = 20, .id = 26, .qualifier = 24, .action = 25, .since = 8}
#define LONG_TRADE {.qty = 8, .instrument = 16, .order_cnt = 24, .id = 28, .qualifier = 32, .action = 33, .is_qty_long = true}
#define SESSION    {.qty = 19, .instrument = 8, .qualifier = 16, .action = 17, .type = 18, .since = 8}
#define LONG_SESSION {.qty = 8, .instrument = 16, .qualifier = 24, .action = 25, .type = 26, .is_qty_long = true}
#define DAILY      {.qty = 8, .instrument = 12, .date = 20, .qualifier = 22, .action = 23, .type = 24}
#define VOLUME     {.qty = 0, .instrument = 4, .action = 12}
#define LONG_VOLUME {.qty = 0, .instrument = 8, .action = 16, .is_qty_long = true}
#define NONE       {0}

/* By template: root, entry, order bytes, orders since; time, indicator; digits. */
static const struct shape shapes[] = {
	[4]  = {  9,  2,  0, 0,  0,  8, 0, lay_reset, NONE},
	[12] = {  0,  0,  0, 0,  0,  0, 0, NULL, NONE},
	[15] = {  1,  0,  0, 0,  0,  0, 0, NULL, NONE},
	[16] = {180,  0,  0, 0,  0,  0, 0, NULL, NONE},
	[30] = { 30,  0,  0, 0,  0, 26, 0, vega_mdp3_lay_security_status, NONE},
	[32] = {  9, 27, 22, 7,  0,  8, 7, vega_mdp3_lay_book, BOOK},
	[33] = {  9, 25,  0, 0,  0,  8, 7, vega_mdp3_lay_daily_stats, DAILY},
	[34] = {  9, 32,  0, 0,  0,  8, 7, vega_mdp3_lay_limits, NONE},
	[35] = {  9, 19,  0, 0,  0,  8, 7, vega_mdp3_lay_session_stats, SESSION},
	[36] = {  9, 30,  0, 0,  0,  8, 7, vega_mdp3_lay_trades, OLD_TRADE},
	[37] = {  9, 13,  0, 0,  0,  8, 0, vega_mdp3_lay_volumes, VOLUME},
	[38] = { 59, 22,  0, 0, 16,  0, 7, vega_mdp3_lay_snapshot, NONE},
	[39] = { 32, 30,  0, 0,  0, 31, 0, vega_mdp3_lay_quote_requests, NONE},
	[42] = {  9, 26, 12, 0,  0,  8, 7, vega_mdp3_lay_trades, TRADE},
	[43] = {  9, 34,  0, 0,  0,  8, 7, vega_mdp3_lay_order_book, NONE},
	[44] = { 28, 29,  0, 0, 20,  0, 7, vega_mdp3_lay_order_snapshot, NONE},
	[46] = {  9, 27, 22, 7,  0,  8, 9, vega_mdp3_lay_book, BOOK},
	[47] = {  9, 34,  0, 0,  0,  8, 9, vega_mdp3_lay_order_book, NONE},
	[48] = {  9, 26, 12, 0,  0,  8, 9, vega_mdp3_lay_trades, TRADE},
	[49] = {  9, 25,  0, 0,  0,  8, 9, vega_mdp3_lay_daily_stats, DAILY},
	[50] = {  9, 32,  0, 0,  0,  8, 9, vega_mdp3_lay_limits, NONE},
	[51] = {  9, 19,  0, 0,  0,  8, 9, vega_mdp3_lay_session_stats, SESSION},
	[52] = { 59, 22,  0, 0, 16,  0, 9, vega_mdp3_lay_snapshot, NONE},
	[53] = { 28, 29,  0, 0, 20,  0, 9, vega_mdp3_lay_order_snapshot, NONE},
	[64] = {  9, 31, 22, 0,  0,  8, 9, vega_mdp3_lay_book, LONG_BOOK},
	[65] = {  9, 34, 12, 0,  0,  8, 9, vega_mdp3_lay_trades, LONG_TRADE},
	[66] = {  9, 17,  0, 0,  0,  8, 0, vega_mdp3_lay_volumes, LONG_VOLUME},
	[67] = {  9, 27,  0, 0,  0,  8, 9, vega_mdp3_lay_session_stats, LONG_SESSION},
};
/* clang-format on */

static uint8_t *
digits_of(const struct vega_decode *d)
{
	struct vega_mdp3_state *state = d->state;

	return &state->digits[d->channel % VEGA_MDP3_CHANNEL_CNT];
}

/* Digits are told for all of the channel: when the day's first price comes, and when another schema changes them. */
static VEGA_COLD void
tell_digits(struct vega_mdp3_message *m, uint8_t digits)
{
	*digits_of(m->d) = digits;
	vega_emit_definition(m->d->emit, m->ns, 0, (const uint8_t *)"", 0, digits);
}

static VEGA_COLD void
begin_day(struct vega_decode *d)
{
	struct vega_mdp3_state *state = d->state;

	memset(state, 0, sizeof(*state));
	state->epoch_ns = d->emit->epoch_ns;
}

/*
 * An event ends: the last record says so. Often a message without entries tells it, behind the others; where the datagram has
 * no record yet, a STATUS does.
 */
static void
end_event(struct vega_mdp3_message *m, uint64_t datagram_from, uint32_t indicator)
{
	struct vega_ring_writer *ring = m->d->emit->ring;
	uint64_t *slot;

	if (ring->next == datagram_from)
		vega_mdp3_lay_status(m, 0, 0, 0, 0, indicator, 0);
	slot = vega_ring_slot(ring, ring->next - 1);
	vega_store_release(&slot[0], slot[0] | (uint64_t)VEGA_RECORD_LAST << 56); /* W2 */
}

/* Returns false where the blocks are too short for their fields, or the groups do not fit the message. */
static VEGA_ALWAYS_INLINE bool
take_blocks(
	struct vega_mdp3_message *m, const struct shape *shape, const uint8_t *data, uint32_t bytes)
{
	const uint32_t root_bytes = vega_le16(data + 2);
	uint32_t at = VEGA_MDP3_MESSAGE_HEAD_BYTES + root_bytes;

	if (root_bytes < shape->root_bytes)
		return false;
	if (shape->entry_bytes != 0 &&
		!vega_mdp3_take_group(data, bytes, false, shape->entry_bytes, &at, &m->entries))
		return false;
	return shape->order_bytes == 0 || m->version < shape->orders_since ||
	       vega_mdp3_take_group(data, bytes, true, shape->order_bytes, &at, &m->orders);
}

static VEGA_ALWAYS_INLINE void
lay_records(struct vega_mdp3_message *m, const struct shape *shape, uint64_t datagram_from)
{
	const bool is_event = shape->indicator_off == 0;
	const uint32_t indicator = is_event ? EVENT_END : m->root[shape->indicator_off];

	m->ns = vega_le64(m->root + shape->ns_off);
	m->flags = indicator & EVENT_RECOVERY ? VEGA_RECORD_SNAPSHOT : 0;
	m->at = &shape->at;
	if (vega_unlikely(shape->digits != *digits_of(m->d)) && shape->digits != 0 &&
		(m->entries.cnt != 0 || is_event))
		tell_digits(m, shape->digits);
	shape->lay(m);
	if (indicator & EVENT_END)
		end_event(m, datagram_from, indicator);
}

static VEGA_ALWAYS_INLINE void
lay_message(struct vega_decode *d, const uint8_t *data, uint32_t bytes, uint64_t datagram_from)
{
	const uint32_t id = vega_le16(data + 4);
	const struct shape *shape = &shapes[id < VEGA_ARRAY_CNT(shapes) ? id : 0];
	struct vega_mdp3_message m = {
		.d = d,
		.root = data + VEGA_MDP3_MESSAGE_HEAD_BYTES,
		.id = id,
		.version = vega_le16(data + 8),
	};

	if (vega_unlikely(vega_le16(data + 6) != VEGA_MDP3_SCHEMA_ID))
		m.is_odd = true;
	else if (vega_unlikely(!take_blocks(&m, shape, data, bytes)))
		m.is_odd = true;
	else if (vega_likely(shape->lay != NULL))
		lay_records(&m, shape, datagram_from);
	d->emit->odd_cnt += m.is_odd;
}

/* A datagram is one span of one sequence: heartbeats are numbered too, and so is one without messages. */
bool
vega_mdp3_span(struct vega_decode *d, struct vega_span *ret_span)
{
	const uint32_t first = VEGA_MDP3_PACKET_HEAD_BYTES;

	if (d->at != 0)
		return false;
	if (vega_unlikely(d->bytes < VEGA_MDP3_PACKET_HEAD_BYTES)) {
		d->is_malformed = true;
		return false;
	}
	d->at = first;
	*ret_span = (struct vega_span){
		.seq = vega_le32(d->payload),
		.seq_cnt = 1,
		.is_start = vega_mdp3_message_bytes(d->payload + first, d->bytes - first) != 0 &&
			    vega_le16(d->payload + first + 4) == CHANNEL_RESET &&
			    vega_le16(d->payload + first + 6) == VEGA_MDP3_SCHEMA_ID,
	};
	return true;
}

uint32_t
vega_mdp3_records(struct vega_decode *d, const struct vega_span *span, uint64_t skip, uint64_t take)
{
	const struct vega_mdp3_state *state = d->state;
	const uint64_t datagram_from = d->emit->ring->next;
	uint32_t cnt = 0;

	(void)span;
	if (skip != 0 || take == 0)
		return 0;
	if (vega_unlikely(state->epoch_ns != d->emit->epoch_ns))
		begin_day(d);
	while (d->at < d->bytes && !d->is_malformed) {
		const uint8_t *data = d->payload + d->at;
		const uint32_t bytes = vega_mdp3_message_bytes(data, d->bytes - d->at);

		if (vega_unlikely(bytes == 0)) {
			d->is_malformed = true;
			break;
		}
		lay_message(d, data, bytes, datagram_from);
		d->at += bytes;
		cnt++;
	}
	return cnt;
}
