/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Literals and matches take turns. Up to three literals behind a match are counted in its last byte's two low bits; more of them,
 * and those before the first match, are a run of their own. Two forms of match are enough: a near short one, and any other.
 */
#include "replay/gen_lzo1z.h"

#include <string.h>

#define MATCH_BYTES_MIN 4u /* three would do, but hardly save a byte */
#define NEAR_DIST_MAX   1792u
#define NEAR_BYTES_MAX  8u
#define SLOT_LG2        10u

struct packer {
	uint8_t *at;
	uint8_t *tail; /* the last match's last byte; NULL: there was no match yet */
};

static uint32_t
slot_of(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return (word * 2654435761u) >> (32 - SLOT_LG2);
}

/* What a length is above what its instruction holds: zeros of 255 each, and the rest, 1 to 255. */
static void
put_more(struct packer *p, uint32_t more)
{
	for (; more > 255; more -= 255)
		*p->at++ = 0;
	*p->at++ = (uint8_t)more;
}

static void
put_literals(struct packer *p, const uint8_t *from, uint32_t bytes)
{
	if (p->tail == NULL && bytes <= 238) {
		*p->at++ = (uint8_t)(17 + bytes);
	} else if (p->tail != NULL && bytes <= 3) {
		*p->tail |= (uint8_t)bytes;
	} else if (bytes - 3 <= 15) {
		*p->at++ = (uint8_t)(bytes - 3);
	} else {
		*p->at++ = 0;
		put_more(p, bytes - 3 - 15);
	}
	memcpy(p->at, from, bytes);
	p->at += bytes;
}

static void
put_match(struct packer *p, uint32_t dist, uint32_t bytes)
{
	const uint32_t back = dist - 1;

	if (bytes <= NEAR_BYTES_MAX && dist <= NEAR_DIST_MAX) {
		*p->at++ = (uint8_t)((bytes - 1) << 5 | back >> 6);
	} else {
		if (bytes - 2 <= 31) {
			*p->at++ = (uint8_t)(32 | (bytes - 2));
		} else {
			*p->at++ = 32;
			put_more(p, bytes - 2 - 31);
		}
		*p->at++ = (uint8_t)(back >> 6);
	}
	p->tail = p->at;
	*p->at++ = (uint8_t)(back << 2);
}

static uint32_t
match_bytes(const uint8_t *a, const uint8_t *b, uint32_t max)
{
	uint32_t bytes = 0;

	while (bytes < max && a[bytes] == b[bytes])
		bytes++;
	return bytes;
}

uint32_t
vega_gen_lzo1z(const uint8_t *from, uint32_t bytes, uint8_t *to)
{
	uint16_t seen[1u << SLOT_LG2] = {0}; /* where such bytes stood last, and 1; 0: nowhere */
	struct packer p = {.at = to};
	uint32_t literals = 0;

	for (uint32_t at = 0; at < bytes;) {
		uint16_t *slot = NULL;
		uint32_t before = 0;
		uint32_t found = 0;

		if (bytes - at >= MATCH_BYTES_MIN) {
			slot = &seen[slot_of(from + at)];
			before = *slot;
			*slot = (uint16_t)(at + 1);
		}
		if (before != 0)
			found = match_bytes(from + before - 1, from + at, bytes - at);
		if (found < MATCH_BYTES_MIN) {
			literals++;
			at++;
			continue;
		}
		if (literals != 0)
			put_literals(&p, from + at - literals, literals);
		put_match(&p, at + 1 - before, found);
		literals = 0;
		at += found;
	}
	if (literals != 0)
		put_literals(&p, from + bytes - literals, literals);
	memcpy(p.at, "\x11\0\0", 3);
	return (uint32_t)(p.at + 3 - to);
}
