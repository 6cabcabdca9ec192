/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the parts of a book lie in its memory: orders, levels behind the near ones, instruments, the watch.
 */
#include "hugepages/book.h"

struct parts {
	uint64_t nodes_off;
	uint64_t instruments_off;
	uint64_t watch_off;
	uint64_t bytes;
};

static struct parts
parts_of(const struct vega_book_conf *conf)
{
	struct parts parts;

	parts.nodes_off = vega_orders_slot_cnt(conf->order_cnt) * sizeof(struct vega_order);
	parts.instruments_off = vega_align_up(
		parts.nodes_off + conf->order_cnt * sizeof(struct vega_far_node), VEGA_LINE_BYTES);
	parts.watch_off = parts.instruments_off +
			  conf->fold->table->capacity * sizeof(struct vega_book_instrument);
	parts.bytes = parts.watch_off + sizeof(struct vega_book_watch);
	return parts;
}

uint64_t
vega_book_bytes(const struct vega_book_conf *conf)
{
	return parts_of(conf).bytes;
}

void
vega_book_init(struct vega_book *b, const struct vega_book_conf *conf, void *memory)
{
	const struct parts parts = parts_of(conf);
	uint8_t *at = memory;

	*b = (struct vega_book){
		.fold = conf->fold,
		.table = conf->fold->table,
		.instruments = (void *)(at + parts.instruments_off),
		.pool = {.nodes = (void *)(at + parts.nodes_off),
			.capacity = (uint32_t)conf->order_cnt,
			.free = VEGA_FAR_NONE},
		.watch = (void *)(at + parts.watch_off),
		.modify_adds = conf->modify_adds,
		.packet_laid = true,
	};
	for (uint32_t i = 0; i < conf->fold->table->capacity; i++) {
		vega_side_init(&b->instruments[i].sides[0]);
		vega_side_init(&b->instruments[i].sides[1]);
	}
	vega_orders_init(&b->orders, memory, conf->order_cnt);
	vega_ring_writer_init(&b->ring, conf->lane, conf->lane_bytes);
}
