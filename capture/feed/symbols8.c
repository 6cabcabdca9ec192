/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/feed/symbols8.h"

#define NOT_TODAY 0u /* of a place that is taken: no day */

/* One of the places of the table. */
struct place {
	uint64_t *name;
	uint64_t *told; /* NULL: there is no place */
};

/* Where the name is, or the empty place where it belongs. */
static struct place
find_place(struct vega_symbols8 *symbols, uint64_t name)
{
	const uint32_t at = vega_symbols8_hash(name);

	for (uint32_t i = 0; i < VEGA_SYMBOLS8_PROBE_CNT * VEGA_SYMBOLS8_WAY_CNT; i++) {
		struct vega_symbols8_line *line =
			&symbols->lines[(at + i / VEGA_SYMBOLS8_WAY_CNT) % VEGA_SYMBOLS8_LINE_CNT];
		const uint32_t way = i % VEGA_SYMBOLS8_WAY_CNT;

		if ((uint32_t)line->told[way] == 0 || line->name[way] == name)
			return (struct place){&line->name[way], &line->told[way]};
	}
	return (struct place){NULL, NULL};
}

uint32_t
vega_symbols8_find(struct vega_symbols8 *symbols, uint64_t name, bool *ret_is_new)
{
	const struct place place = find_place(symbols, name);
	const uint64_t today = symbols->day + 1u;

	*ret_is_new = false;
	if (place.told == NULL || ((uint32_t)*place.told == 0 && symbols->last == UINT32_MAX)) {
		symbols->lost_cnt++;
		return 0;
	}
	if ((uint32_t)*place.told == 0) {
		*place.name = name;
		*place.told = (uint64_t)NOT_TODAY << 32 | ++symbols->last;
	}
	*ret_is_new = *place.told >> 32 != today;
	*place.told = (uint32_t)*place.told | today << 32;
	return (uint32_t)*place.told;
}

void
vega_symbols8_define(struct vega_symbols8 *symbols, uint32_t token, uint64_t name)
{
	struct place place;

	if (token == 0)
		return;
	place = find_place(symbols, name);
	if (place.told != NULL) {
		*place.name = name;
		*place.told = token | (symbols->day + UINT64_C(1)) << 32;
	}
	/* Even where it found no place: nobody else may get its token. */
	if (token > symbols->last)
		symbols->last = token;
}
