/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/keyframe.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "hugepages/base/err.h"
#include "store/format.h"

/* A column's values are numbers of themselves, or differences from something that was decoded before. */
enum predictor {
	ALL_ZERO = 0, /* no bytes follow */
	ZERO = 1,
	BEFORE = 2, /* the same field of the entry before */
	OTHER = 3,  /* the field of the same entry that the table names */
	PREDICTOR_CNT
};

#define FIELDS_MAX  128u
#define LEVEL       1 /* of zstd: more costs the drain more than it saves the disk */
#define NUMBER_MAX  10u
#define KEPT_VALUES 11u /* of a fold, before its channels */

struct field {
	uint16_t off;
	uint8_t bytes;
	uint8_t other; /* of the table, plus 1; 0: none */
};

struct vega_keyframe_work {
	ZSTD_CCtx *make;
	ZSTD_DCtx *open;
	struct field fields[FIELDS_MAX];
	uint32_t field_cnt;
	uint8_t plain[VEGA_KEYFRAME_PLAIN_BYTES];
};

/* ---- the fields of an entry, in their order --------------------------------------------------------------------- */

/* Returns its number, plus 1. */
static uint8_t
add_field(struct vega_keyframe_work *w, size_t off, size_t bytes, uint8_t other)
{
	w->fields[w->field_cnt++] = (struct field){(uint16_t)off, (uint8_t)bytes, other};
	return (uint8_t)w->field_cnt;
}

#define FIELD(name, other)                                    \
	add_field(w, offsetof(struct vega_state_entry, name), \
		sizeof(((struct vega_state_entry *)0)->name), other)

/* Prices from the best on, each from the one before; then quantities, then orders. */
static uint8_t
add_side(struct vega_keyframe_work *w, size_t levels_off, size_t orders_off, uint8_t best_from)
{
	const size_t step = sizeof(struct vega_state_level);
	uint8_t best = 0;
	uint8_t from = best_from;

	for (size_t i = 0; i < VEGA_STATE_LEVEL_CNT; i++) {
		from = add_field(w, levels_off + i * step, 8, from);
		best = i == 0 ? from : best;
	}
	for (size_t i = 0; i < VEGA_STATE_LEVEL_CNT; i++)
		(void)add_field(w, levels_off + i * step + 8, 8, 0);
	for (size_t i = 0; i < VEGA_STATE_LEVEL_CNT; i++)
		(void)add_field(w, orders_off + i * 4, 4, 0);
	return best;
}

static void
list_fields(struct vega_keyframe_work *w)
{
	uint8_t recv_ns, position, last, bid, from;

	(void)FIELD(token, 0);
	(void)FIELD(flags, 0);
	recv_ns = FIELD(recv_ns, 0);
	(void)FIELD(exch_ns, recv_ns);
	(void)FIELD(seq, 0);
	position = FIELD(position, 0);
	(void)FIELD(ordered_position, position);
	(void)FIELD(sound_from, position);
	(void)FIELD(channel, 0);
	(void)FIELD(bid_cnt, 0);
	(void)FIELD(ask_cnt, 0);
	(void)FIELD(digits, 0);
	last = FIELD(last_price, 0);
	(void)FIELD(last_qty, 0);
	(void)FIELD(average_price, last);
	(void)FIELD(volume, 0);
	(void)FIELD(oi, 0);
	(void)FIELD(iv, 0);
	bid = add_side(w, offsetof(struct vega_state_entry, bids),
		offsetof(struct vega_state_entry, bid_orders), last);
	(void)add_side(w, offsetof(struct vega_state_entry, asks),
		offsetof(struct vega_state_entry, ask_orders), bid);
	from = FIELD(open, last);
	from = FIELD(high, from);
	from = FIELD(low, from);
	(void)FIELD(close, from);
	(void)FIELD(index_value, 0);
	(void)FIELD(index_change, 0);
	(void)FIELD(status, 0);
	(void)FIELD(status_what, 0);
	(void)FIELD(delta, 0);
	(void)FIELD(theta, 0);
	(void)FIELD(gamma, 0);
	(void)FIELD(vega, 0);
	(void)FIELD(rho, 0);
	for (size_t i = 0; i < VEGA_STATE_SYMBOL_BYTES; i += 8)
		(void)add_field(w, offsetof(struct vega_state_entry, symbol) + i, 8, 0);
	assert(w->field_cnt <= FIELDS_MAX);
}

static uint64_t
value_of(const struct vega_state_entry *e, const struct field *f)
{
	const uint8_t *at = (const uint8_t *)e + f->off;
	uint64_t value = 0;

	memcpy(&value, at, f->bytes); /* little-endian, as all of the format */
	return value;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static uint64_t
zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t
unzigzag(uint64_t number)
{
	return number >> 1 ^ (0 - (number & 1));
}

/* Seven bits a byte, the lowest first; the highest bit says that more follow. */
static uint32_t
number_bytes(uint64_t number)
{
	return (70u - (uint32_t)__builtin_clzll(number | 1)) / 7u;
}

static uint8_t *
put_number(uint8_t *at, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*at++ = (uint8_t)(number | 0x80);
	*at++ = (uint8_t)number;
	return at;
}

/* Bytes that are read; at NULL: they were not enough, or no numbers. */
struct source {
	const uint8_t *at;
	const uint8_t *end;
};

static uint64_t
take_number(struct source *s)
{
	uint64_t number = 0;

	for (uint32_t shift = 0; s->at != NULL && s->at < s->end && shift < 70; shift += 7) {
		const uint8_t byte = *s->at++;

		if (shift == 63 && byte > 1)
			break;
		number |= (uint64_t)(byte & 0x7F) << shift;
		if ((byte & 0x80) == 0)
			return number;
	}
	s->at = NULL;
	return 0;
}

/* ---- columns ---------------------------------------------------------------------------------------------------- */

/* What a predictor says of an entry's field. */
static uint64_t
predicted(const struct vega_keyframe_work *w, const struct field *f, enum predictor p,
	const struct vega_state_entry *entries, uint32_t i)
{
	if (p == BEFORE)
		return i == 0 ? 0 : value_of(&entries[i - 1], f);
	return p == OTHER ? value_of(&entries[i], &w->fields[f->other - 1]) : 0;
}

static uint64_t
number_of(const struct vega_keyframe_work *w, const struct field *f, enum predictor p,
	const struct vega_state_entry *entries, uint32_t i)
{
	const uint64_t value = value_of(&entries[i], f);

	return p == ZERO ? value : zigzag(value - predicted(w, f, p, entries, i));
}

/* The one that takes the fewest bytes. */
static enum predictor
choose(const struct vega_keyframe_work *w, const struct field *f,
	const struct vega_state_entry *entries, uint32_t cnt)
{
	uint32_t bytes[PREDICTOR_CNT] = {0};
	uint64_t any = 0;
	enum predictor best = ZERO;

	for (uint32_t i = 0; i < cnt; i++)
		any |= value_of(&entries[i], f);
	if (any == 0)
		return ALL_ZERO;
	for (enum predictor p = ZERO; p < PREDICTOR_CNT; p++) {
		if (p == OTHER && f->other == 0)
			continue;
		for (uint32_t i = 0; i < cnt; i++)
			bytes[p] += number_bytes(number_of(w, f, p, entries, i));
		if (bytes[p] < bytes[best])
			best = p;
	}
	return best;
}

static uint8_t *
put_column(const struct vega_keyframe_work *w, const struct field *f,
	const struct vega_state_entry *entries, uint32_t cnt, uint8_t *at)
{
	const enum predictor p = choose(w, f, entries, cnt);

	*at++ = (uint8_t)p;
	for (uint32_t i = 0; p != ALL_ZERO && i < cnt; i++)
		at = put_number(at, number_of(w, f, p, entries, i));
	return at;
}

/* False when a value does not fit its field, or there are not enough bytes. */
static bool
take_column(const struct vega_keyframe_work *w, const struct field *f, struct source *s,
	struct vega_state_entry *entries, uint32_t cnt)
{
	enum predictor p;

	if (s->at == s->end || *s->at >= PREDICTOR_CNT || (*s->at == OTHER && f->other == 0))
		return false;
	p = (enum predictor) * s->at++;
	for (uint32_t i = 0; p != ALL_ZERO && i < cnt; i++) {
		const uint64_t number = take_number(s);
		const uint64_t value =
			p == ZERO ? number : unzigzag(number) + predicted(w, f, p, entries, i);

		if (s->at == NULL || (f->bytes < 8 && value >> (8 * f->bytes) != 0))
			return false;
		memcpy((uint8_t *)&entries[i] + f->off, &value, f->bytes);
	}
	return true;
}

/* ---- what the fold knew ----------------------------------------------------------------------------------------- */

static bool
is_known(const struct vega_fold_channel *c)
{
	return c->gap_position != 0 || c->open_cnt != 0 || c->lost_cnt != 0 || c->from != 0 ||
	       c->digits != 0;
}

static uint8_t *
put_kept(const struct vega_fold_kept *k, uint8_t *at)
{
	const uint64_t values[KEPT_VALUES] = {k->epoch_ns, k->recv_ns, k->time_ns, k->seq,
		k->packet_position, k->lost_position, k->channel, k->whole_slot, k->has_seq,
		k->is_late, k->time_given};
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < KEPT_VALUES; i++)
		at = put_number(at, values[i]);
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++)
		cnt += is_known(&k->channels[i]);
	at = put_number(at, cnt);
	for (uint32_t i = 0; i < VEGA_STATE_GAP_CNT; i++) {
		const struct vega_fold_channel *c = &k->channels[i];

		if (!is_known(c))
			continue;
		at = put_number(at, i);
		at = put_number(at, c->gap_position);
		at = put_number(at, c->open_cnt);
		at = put_number(at, c->lost_cnt);
		at = put_number(at, c->from);
		at = put_number(at, c->digits);
	}
	return at;
}

/* Channels, rising. */
static bool
take_channels(struct source *s, struct vega_fold_kept *kept)
{
	const uint64_t cnt = take_number(s);
	uint64_t next = 0;

	for (uint64_t i = 0; i < cnt && s->at != NULL; i++) {
		const uint64_t slot = take_number(s);
		struct vega_fold_channel c = {.gap_position = take_number(s)};
		uint64_t digits;

		c.open_cnt = take_number(s);
		c.lost_cnt = take_number(s);
		c.from = take_number(s);
		digits = take_number(s);
		c.digits = (uint8_t)digits;
		if (slot < next || slot >= VEGA_STATE_GAP_CNT || digits > UINT8_MAX)
			return false;
		kept->channels[slot] = c;
		next = slot + 1;
	}
	return s->at != NULL;
}

static bool
take_kept(struct source *s, struct vega_fold_kept *ret_kept)
{
	uint64_t values[KEPT_VALUES];

	for (uint32_t i = 0; i < KEPT_VALUES; i++)
		values[i] = take_number(s);
	if (s->at == NULL || values[6] > UINT32_MAX || values[7] > VEGA_STATE_GAP_CNT ||
		(values[8] | values[9] | values[10]) > 1)
		return false;
	*ret_kept = (struct vega_fold_kept){
		.epoch_ns = values[0],
		.recv_ns = values[1],
		.time_ns = values[2],
		.seq = values[3],
		.packet_position = values[4],
		.lost_position = values[5],
		.channel = (uint32_t)values[6],
		.whole_slot = (uint32_t)values[7],
		.has_seq = values[8] != 0,
		.is_late = values[9] != 0,
		.time_given = values[10] != 0,
	};
	return take_channels(s, ret_kept);
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

uint64_t
vega_keyframe_block_bytes(void)
{
	return vega_align_up(VEGA_BLOCK_HDR_BYTES + sizeof(struct vega_keyframe_hdr) +
				     ZSTD_COMPRESSBOUND(VEGA_KEYFRAME_PLAIN_BYTES) + 8,
		       VEGA_BLOCK_ALIGN_BYTES) +
	       VEGA_BLOCK_ALIGN_BYTES;
}

/* The slice's data in work->plain. Returns its bytes. */
static uint32_t
lay_plain(struct vega_keyframe_work *work, const struct vega_keyframe_slice *slice,
	const struct vega_state_entry *entries, const struct vega_fold_kept *kept)
{
	const uint32_t cnt = vega_keyframe_entry_cnt(slice);
	uint8_t *at = work->plain;

	if (slice->slice == 0)
		at = put_kept(kept, at);
	for (uint32_t i = 0; i < work->field_cnt; i++)
		at = put_column(work, &work->fields[i], entries, cnt, at);
	assert(at <= work->plain + sizeof(work->plain));
	return (uint32_t)(at - work->plain);
}

static_assert((KEPT_VALUES + 1 + 6 * VEGA_STATE_GAP_CNT) * NUMBER_MAX +
			      FIELDS_MAX * (1 + VEGA_KEYFRAME_SLICE_CNT * NUMBER_MAX) <=
		      VEGA_KEYFRAME_PLAIN_BYTES,
	"a slice of the most fields has room");

void
vega_keyframe_make(const struct vega_keyframe_slice *slice, const struct vega_state_entry *entries,
	const struct vega_fold_kept *kept, struct vega_keyframe_work *work,
	struct vega_block_hdr *hdr)
{
	struct vega_keyframe_hdr *k = (struct vega_keyframe_hdr *)(void *)(hdr + 1);
	uint8_t *data = (uint8_t *)(k + 1);
	const uint32_t plain_bytes = lay_plain(work, slice, entries, kept);
	const size_t bytes = ZSTD_compressCCtx(work->make, data,
		ZSTD_COMPRESSBOUND(VEGA_KEYFRAME_PLAIN_BYTES), work->plain, plain_bytes, LEVEL);
	uint32_t end;

	assert(!ZSTD_isError(bytes));
	*hdr = (struct vega_block_hdr){
		.block_type = VEGA_BLOCK_DATA,
		.block_length = sizeof(*hdr),
		.kind = VEGA_KIND_KEYFRAME,
		.generation = slice->generation,
		.position_first = slice->position,
		.seal = VEGA_SEAL_FULL,
		.block_length2 = sizeof(*hdr),
	};
	end = (uint32_t)vega_align_up(bytes, 4);
	*k = (struct vega_keyframe_hdr){
		.block_type = VEGA_BLOCK_KEYFRAME,
		.block_length = (uint32_t)sizeof(*k) + end + 4,
		.epoch_ns = slice->epoch_ns,
		.number = slice->number,
		.position = slice->position,
		.record_position = slice->record_position,
		.recv_ns = slice->recv_ns,
		.entry_total = slice->entry_total,
		.slice = slice->slice,
		.plain_bytes = plain_bytes,
		.data_bytes = (uint32_t)bytes,
	};
	memset(data + bytes, 0, end - bytes);
	memcpy(data + end, &k->block_length, 4);
	hdr->payload_bytes = k->block_length;
}

/* Is it a frame of this format around the data? */
static bool
is_framed(const struct vega_block_hdr *hdr, const struct vega_keyframe_hdr *k)
{
	static const uint8_t zeros[4];
	const uint8_t *data = (const uint8_t *)(k + 1);
	uint32_t left;

	if (hdr->kind != VEGA_KIND_KEYFRAME || hdr->codec != 0 || hdr->record_cnt != 0 ||
		hdr->packet_cnt != 0 || hdr->kinds != 0 || hdr->payload_bytes < sizeof(*k) + 4 ||
		k->block_type != VEGA_BLOCK_KEYFRAME || k->block_length != hdr->payload_bytes ||
		k->position != hdr->position_first)
		return false;
	left = hdr->payload_bytes - (uint32_t)sizeof(*k) - 4;
	return k->data_bytes <= left && left - k->data_bytes < 4 &&
	       memcmp(data + k->data_bytes, zeros, left - k->data_bytes) == 0 &&
	       memcmp(data + left, &k->block_length, 4) == 0 &&
	       k->plain_bytes <= VEGA_KEYFRAME_PLAIN_BYTES;
}

int
vega_keyframe_look(const struct vega_block_hdr *hdr, struct vega_keyframe_slice *ret_slice)
{
	const struct vega_keyframe_hdr *k =
		(const struct vega_keyframe_hdr *)(const void *)(hdr + 1);

	if (!is_framed(hdr, k) || k->entry_total == 0 || k->entry_total > VEGA_INSTRUMENT_CNT_MAX ||
		k->slice >= vega_keyframe_slice_cnt(k->entry_total))
		return -EBADMSG;
	*ret_slice = (struct vega_keyframe_slice){
		.generation = hdr->generation,
		.number = k->number,
		.position = k->position,
		.record_position = k->record_position,
		.epoch_ns = k->epoch_ns,
		.recv_ns = k->recv_ns,
		.entry_total = k->entry_total,
		.slice = k->slice,
	};
	return 0;
}

/* What a fold relies on. */
static bool
is_sound(const struct vega_state_entry *entries, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (entries[i].bid_cnt > VEGA_STATE_LEVEL_CNT ||
			entries[i].ask_cnt > VEGA_STATE_LEVEL_CNT)
			return false;
	return true;
}

int
vega_keyframe_open(const struct vega_block_hdr *hdr, struct vega_keyframe_work *work,
	struct vega_keyframe_slice *ret_slice, struct vega_state_entry *entries,
	struct vega_fold_kept *ret_kept)
{
	const struct vega_keyframe_hdr *k =
		(const struct vega_keyframe_hdr *)(const void *)(hdr + 1);
	struct source source = {.at = work->plain};
	uint32_t cnt;
	size_t bytes;

	if (vega_keyframe_look(hdr, ret_slice) != 0)
		return -EBADMSG;
	bytes = ZSTD_decompressDCtx(
		work->open, work->plain, sizeof(work->plain), k + 1, k->data_bytes);
	if (ZSTD_isError(bytes) || bytes != k->plain_bytes)
		return -EBADMSG;
	source.end = work->plain + bytes;
	cnt = vega_keyframe_entry_cnt(ret_slice);
	memset(entries, 0, cnt * sizeof(*entries));
	if (ret_slice->slice == 0 && !take_kept(&source, ret_kept))
		return -EBADMSG;
	for (uint32_t i = 0; i < work->field_cnt; i++)
		if (!take_column(work, &work->fields[i], &source, entries, cnt))
			return -EBADMSG;
	return source.at == source.end && is_sound(entries, cnt) ? 0 : -EBADMSG;
}

/* ---- working memory --------------------------------------------------------------------------------------------- */

int
vega_keyframe_work_new(struct vega_keyframe_work **ret_work)
{
	struct vega_keyframe_work *w = calloc(1, sizeof(*w));

	if (w != NULL) {
		list_fields(w);
		w->make = ZSTD_createCCtx();
		w->open = ZSTD_createDCtx();
	}
	if (w == NULL || w->make == NULL || w->open == NULL) {
		vega_keyframe_work_delete(w);
		return VEGA_ERR(-ENOMEM, "need memory for keyframes, found none");
	}
	*ret_work = w;
	return 0;
}

void
vega_keyframe_work_delete(struct vega_keyframe_work *w)
{
	if (w == NULL)
		return;
	ZSTD_freeCCtx(w->make);
	ZSTD_freeDCtx(w->open);
	free(w);
}
