/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

#define PART_BYTES  16u
#define SLOTS_FIRST 1024u

struct vega_symbol {
	uint64_t key; /* a token + 1, or a channel behind all tokens; 0: free */
	char *name;   /* NULL: none */
	uint32_t part_cnt;
	uint32_t digits;
};

static uint64_t
key_of(uint32_t token, uint32_t channel)
{
	return token != 0 ? (uint64_t)token + 1 : (uint64_t)1 << 33 | channel;
}

/* The slot of a key, or the free one where it would go. */
static struct vega_symbol *
find(const struct vega_symbols *symbols, uint64_t key)
{
	size_t i = (size_t)(key * 0x9E3779B97F4A7C15ull >> 20);

	for (;; i++) {
		struct vega_symbol *slot = &symbols->slots[i & (symbols->slot_cnt - 1)];

		if (slot->key == key || slot->key == 0)
			return slot;
	}
}

static int
grow(struct vega_symbols *symbols)
{
	const size_t slot_cnt = symbols->slot_cnt == 0 ? SLOTS_FIRST : symbols->slot_cnt * 2;
	struct vega_symbols more = {
		.slots = calloc(slot_cnt, sizeof(struct vega_symbol)),
		.slot_cnt = slot_cnt,
		.cnt = symbols->cnt,
	};

	if (more.slots == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for %zu symbols, found none", slot_cnt);
	for (size_t i = 0; i < symbols->slot_cnt; i++)
		if (symbols->slots[i].key != 0)
			*find(&more, symbols->slots[i].key) = symbols->slots[i];
	free(symbols->slots);
	*symbols = more;
	return 0;
}

/* One part of a name; the others may come later, or be here. */
static int
set_part(struct vega_symbol *symbol, const struct vega_definition_record *d)
{
	if (symbol->name == NULL || symbol->part_cnt != d->part_cnt) {
		char *name = calloc(d->part_cnt + 1u, PART_BYTES);

		if (name == NULL)
			return VEGA_ERR(-ENOMEM, "need memory for a symbol's name, found none");
		free(symbol->name);
		symbol->name = name;
		symbol->part_cnt = d->part_cnt;
	}
	memcpy(symbol->name + (size_t)d->part * PART_BYTES, d->text, PART_BYTES);
	return 0;
}

int
vega_symbols_learn(
	struct vega_symbols *symbols, const struct vega_definition_record *d, uint32_t channel)
{
	const uint64_t key = key_of(d->instrument, channel);
	struct vega_symbol *symbol;
	int rc = 2 * symbols->cnt >= symbols->slot_cnt ? grow(symbols) : 0;

	if (rc < 0)
		return rc;
	symbol = find(symbols, key);
	if (symbol->key == 0) {
		*symbol = (struct vega_symbol){.key = key, .digits = VEGA_DIGITS_UNKNOWN};
		symbols->cnt++;
	}
	if (d->digits != VEGA_DIGITS_UNKNOWN)
		symbol->digits = d->digits;
	return d->unit == 0 && d->part < d->part_cnt ? set_part(symbol, d) : 0;
}

const char *
vega_symbols_name(const struct vega_symbols *symbols, uint32_t token)
{
	const struct vega_symbol *symbol =
		symbols->slot_cnt != 0 && token != 0 ? find(symbols, key_of(token, 0)) : NULL;

	return symbol != NULL && symbol->name != NULL ? symbol->name : "";
}

uint32_t
vega_symbols_digits(const struct vega_symbols *symbols, uint32_t token, uint32_t channel)
{
	const struct vega_symbol *symbol;

	if (symbols->slot_cnt == 0)
		return VEGA_DIGITS_UNKNOWN;
	symbol = find(symbols, key_of(token, channel));
	if (symbol->key != 0 && symbol->digits != VEGA_DIGITS_UNKNOWN)
		return symbol->digits;
	symbol = find(symbols, key_of(0, channel));
	return symbol->key != 0 ? symbol->digits : VEGA_DIGITS_UNKNOWN;
}

void
vega_symbols_clear(struct vega_symbols *symbols)
{
	for (size_t i = 0; i < symbols->slot_cnt; i++)
		free(symbols->slots[i].name);
	free(symbols->slots);
	*symbols = (struct vega_symbols){0};
}
