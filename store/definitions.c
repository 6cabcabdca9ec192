/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/definitions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hugepages/base/err.h"

#define PART_BYTES  16u
#define SLOTS_FIRST 1024u

struct vega_definition {
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
static struct vega_definition *
find(const struct vega_definitions *definitions, uint64_t key)
{
	size_t i = (size_t)(key * 0x9E3779B97F4A7C15ull >> 20);

	for (;; i++) {
		struct vega_definition *slot = &definitions->slots[i & (definitions->slot_cnt - 1)];

		if (slot->key == key || slot->key == 0)
			return slot;
	}
}

static int
grow(struct vega_definitions *definitions)
{
	const size_t slot_cnt =
		definitions->slot_cnt == 0 ? SLOTS_FIRST : definitions->slot_cnt * 2;
	struct vega_definitions more = {
		.slots = calloc(slot_cnt, sizeof(struct vega_definition)),
		.slot_cnt = slot_cnt,
		.cnt = definitions->cnt,
	};

	if (more.slots == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for %zu definitions, found none", slot_cnt);
	for (size_t i = 0; i < definitions->slot_cnt; i++)
		if (definitions->slots[i].key != 0)
			*find(&more, definitions->slots[i].key) = definitions->slots[i];
	free(definitions->slots);
	*definitions = more;
	return 0;
}

/* One part of a name; the others may come later, or be here. */
static int
set_part(struct vega_definition *definition, const struct vega_definition_record *d)
{
	if (definition->name == NULL || definition->part_cnt != d->part_cnt) {
		char *name = calloc(d->part_cnt + 1u, PART_BYTES);

		if (name == NULL)
			return VEGA_ERR(-ENOMEM, "need memory for a symbol's name, found none");
		free(definition->name);
		definition->name = name;
		definition->part_cnt = d->part_cnt;
	}
	memcpy(definition->name + (size_t)d->part * PART_BYTES, d->text, PART_BYTES);
	return 0;
}

int
vega_definitions_learn(struct vega_definitions *definitions, const struct vega_definition_record *d,
	uint32_t channel)
{
	const uint64_t key = key_of(d->instrument, channel);
	struct vega_definition *definition;
	int rc = 2 * definitions->cnt >= definitions->slot_cnt ? grow(definitions) : 0;

	if (rc < 0)
		return rc;
	definition = find(definitions, key);
	if (definition->key == 0) {
		*definition = (struct vega_definition){.key = key, .digits = VEGA_DIGITS_UNKNOWN};
		definitions->cnt++;
	}
	if (d->digits != VEGA_DIGITS_UNKNOWN)
		definition->digits = d->digits;
	return d->unit == 0 && d->part < d->part_cnt ? set_part(definition, d) : 0;
}

const char *
vega_definitions_symbol(const struct vega_definitions *definitions, uint32_t token)
{
	const struct vega_definition *definition = definitions->slot_cnt != 0 && token != 0
							   ? find(definitions, key_of(token, 0))
							   : NULL;

	return definition != NULL && definition->name != NULL ? definition->name : "";
}

uint32_t
vega_definitions_digits(
	const struct vega_definitions *definitions, uint32_t token, uint32_t channel)
{
	const struct vega_definition *definition;

	if (definitions->slot_cnt == 0)
		return VEGA_DIGITS_UNKNOWN;
	definition = find(definitions, key_of(token, channel));
	if (definition->key != 0 && definition->digits != VEGA_DIGITS_UNKNOWN)
		return definition->digits;
	definition = find(definitions, key_of(0, channel));
	return definition->key != 0 ? definition->digits : VEGA_DIGITS_UNKNOWN;
}

void
vega_definitions_clear(struct vega_definitions *definitions)
{
	for (size_t i = 0; i < definitions->slot_cnt; i++)
		free(definitions->slots[i].name);
	free(definitions->slots);
	*definitions = (struct vega_definitions){0};
}
