/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The instruments of a block: their tokens in rising order, and of each how often it comes, as a power of two. The often ones get
 * the small ranks: by that power first, by token among equals; so neither order nor exact count need be told.
 */
#include "store/columns_private.h"

#define FREQUENCY_CNT 18u /* powers of two up to VEGA_COLUMNS_RECORD_CNT_MAX */

/* Tokens side by side lie side by side. */
static uint32_t
slot_of(uint32_t token)
{
	return ((token >> 4) * 0x9E3779B1u >> (32 - NAME_SLOT_LG2) & ~15u) | (token & 15u);
}

uint32_t
vega_names_take(struct vega_columns *columns, uint32_t token)
{
	uint32_t at = slot_of(token);

	for (uint32_t i = 0; i < NAME_PROBE_CNT; i++, at = (at + 1) & (NAME_SLOT_CNT - 1)) {
		struct name_slot *slot = &columns->name_slots[at];

		if (slot->number == 0) {
			columns->names[columns->name_cnt] =
				(struct name){.token = token, .idx = columns->name_cnt, .slot = at};
			*slot = (struct name_slot){token, ++columns->name_cnt};
		} else if (slot->token != token) {
			continue;
		}
		columns->names[slot->number - 1].cnt++;
		return slot->number - 1;
	}
	return NAME_NONE;
}

void
vega_names_forget(struct vega_columns *columns)
{
	for (uint32_t i = 0; i < columns->name_cnt; i++)
		columns->name_slots[columns->names[i].slot].number = 0;
}

/* By token, rising: eight bits a round; the rounds in which nothing differs are left out. */
static void
sort(struct vega_columns *columns)
{
	struct name *from = columns->names;
	struct name *to = columns->names_sorted;
	uint32_t differ = 0;

	for (uint32_t i = 1; i < columns->name_cnt; i++)
		differ |= from[i].token ^ from[0].token;
	for (uint32_t shift = 0; shift < 32; shift += 8) {
		uint32_t at[256] = {0};
		uint32_t sum = 0;
		struct name *swap = from;

		if ((differ >> shift & 0xFFu) == 0)
			continue;
		for (uint32_t i = 0; i < columns->name_cnt; i++)
			at[from[i].token >> shift & 0xFFu]++;
		for (uint32_t i = 0; i < 256; i++) {
			sum += at[i];
			at[i] = sum - at[i];
		}
		for (uint32_t i = 0; i < columns->name_cnt; i++)
			to[at[from[i].token >> shift & 0xFFu]++] = from[i];
		from = to;
		to = swap;
	}
	columns->names = to;
	columns->names_sorted = from;
}

/* From sorted tokens and their frequencies: ranked tokens, and that each is followed by the next higher token. */
static void
rank(struct vega_columns *columns, const uint8_t *frequency)
{
	uint32_t at[256] = {0};
	uint32_t sum = 0;
	uint32_t before = 0;

	for (uint32_t i = 0; i < columns->name_cnt; i++)
		at[frequency[i]]++;
	for (uint32_t i = 256; i-- > 0;) {
		sum += at[i];
		at[i] = sum - at[i];
	}
	for (uint32_t i = 0; i < columns->name_cnt; i++) {
		const uint32_t mine = at[frequency[i]]++;

		columns->ranked[mine] = columns->names_sorted[i].token;
		columns->rank_of[columns->names_sorted[i].idx] = mine;
		columns->next[before] = mine;
		before = mine;
	}
	columns->next[before] = 0;
}

void
vega_names_encode(struct vega_columns *columns, struct sink *sink)
{
	struct column *tokens = &columns->columns[4];
	struct column *frequencies = &columns->columns[5];
	uint32_t before = 0;

	vega_column_begin(tokens);
	vega_column_begin(frequencies);
	sort(columns);
	for (uint32_t i = 0; i < columns->name_cnt; i++) {
		const struct name *name = &columns->names_sorted[i];

		columns->numbers[i] = name->token - before;
		frequencies->symbols[i] = (uint8_t)vega_code_high(name->cnt);
		frequencies->any |= frequencies->symbols[i];
		before = name->token;
	}
	vega_columns_put_all(columns, tokens, columns->numbers, columns->name_cnt);
	frequencies->cnt = columns->name_cnt;
	rank(columns, frequencies->symbols);
	vega_sink_u64(sink, columns->name_cnt);
	vega_columns_pack(columns, tokens, sink);
	vega_columns_pack(columns, frequencies, sink);
}

void
vega_names_decode(struct vega_columns *columns, uint32_t cnt, struct source *source)
{
	struct column *tokens = &columns->columns[4];
	struct column *frequencies = &columns->columns[5];
	const uint64_t name_cnt = vega_source_u64(source);
	uint32_t before = 0;

	columns->name_cnt = 0;
	source->is_bad |= name_cnt > cnt;
	if (source->is_bad)
		return;
	columns->name_cnt = (uint32_t)name_cnt;
	vega_columns_unpack(columns, tokens, columns->name_cnt, source);
	if (!source->is_bad)
		vega_columns_unpack(columns, frequencies, columns->name_cnt, source);
	if (source->is_bad)
		return;
	vega_columns_get(columns, tokens, columns->numbers, columns->name_cnt, &source->is_bad);
	for (uint32_t i = 0; i < columns->name_cnt; i++) {
		before += (uint32_t)columns->numbers[i];
		columns->names_sorted[i] = (struct name){.token = before, .idx = i};
	}
	rank(columns, frequencies->symbols);
}
