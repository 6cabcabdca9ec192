/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/symbols.h"

#include <string.h>

/* A name as its slot has it, all but the token. */
static struct vega_symbols_slot
key_of(const uint8_t *text, uint32_t bytes)
{
	struct vega_symbols_slot key = {.bytes = (uint16_t)bytes};

	if (bytes != 0)
		memcpy(key.text, text, bytes);
	return key;
}

static bool
is_key(const struct vega_symbols_slot *slot, const struct vega_symbols_slot *key)
{
	return slot->bytes == key->bytes && memcmp(slot->text, key->text, sizeof(key->text)) == 0;
}

/* The slot that has the name, or the empty one where it belongs; NULL: neither is near. */
static struct vega_symbols_slot *
find_slot(struct vega_symbols *symbols, const struct vega_symbols_slot *key)
{
	const uint32_t at = vega_symbols_hash(key->text[0], key->text[1], key->text[2]);

	for (uint32_t i = 0; i < VEGA_SYMBOLS_PROBE_CNT; i++) {
		struct vega_symbols_slot *slot = &symbols->slots[(at + i) % VEGA_SYMBOLS_SLOT_CNT];

		if (slot->token == 0 || is_key(slot, key))
			return slot;
	}
	return NULL;
}

uint32_t
vega_symbols_find(
	struct vega_symbols *symbols, const uint8_t *text, uint32_t bytes, bool *ret_is_new)
{
	struct vega_symbols_slot *slot = NULL;
	struct vega_symbols_slot key;

	*ret_is_new = false;
	if (bytes <= VEGA_SYMBOLS_TEXT_BYTES) {
		key = key_of(text, bytes);
		slot = find_slot(symbols, &key);
	}
	if (slot == NULL || (slot->token == 0 && symbols->last == UINT32_MAX)) {
		symbols->lost_cnt++;
		return 0;
	}
	if (slot->token == 0) {
		*slot = key;
		slot->token = ++symbols->last;
		slot->day = (uint16_t)(symbols->day + 1); /* not seen on this day */
	}
	*ret_is_new = slot->day != symbols->day;
	slot->day = symbols->day;
	return slot->token;
}

void
vega_symbols_define(
	struct vega_symbols *symbols, uint32_t token, const uint8_t *text, uint32_t bytes)
{
	struct vega_symbols_slot *slot;
	struct vega_symbols_slot key;

	if (token == 0 || bytes > VEGA_SYMBOLS_TEXT_BYTES)
		return;
	key = key_of(text, bytes);
	slot = find_slot(symbols, &key);
	if (slot != NULL) {
		*slot = key;
		slot->token = token;
		slot->day = symbols->day;
	}
	/* Even where it found no place: nobody else may get its token. */
	if (token > symbols->last)
		symbols->last = token;
}
