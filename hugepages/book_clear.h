/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_HUGEPAGES_BOOK_CLEAR_H
#define VEGA_HUGEPAGES_BOOK_CLEAR_H
/*
 * Books are emptied: of an instrument, of a channel, all of them when the day rolls. Private to book*.c.
 */
#include "hugepages/book.h"

/* What the entry does not have; the CLEAR that is forwarded empties that. Its orders are dead, and found by and by. */
void vega_book_clear_instrument(struct vega_book *b, uint32_t idx);
void vega_book_clear_channel(struct vega_book *b, uint32_t channel);

/* An EPOCH record, laid into the lane; a new day empties all. */
void vega_book_epoch(struct vega_book *b, const union vega_record *r);

#endif
