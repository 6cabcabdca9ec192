/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/record_drain.h"

#include <stdlib.h>
#include <string.h>

#include "hugepages/base/atomic.h"
#include "hugepages/base/zone.h"
#include "hugepages/ring.h"
#include "store/format.h"
#include "store/record_block.h"

#define ROOM       VEGA_RECORD_DRAIN_RECORDS
#define AGE_NS     1000000000ull /* a record waits no longer for its block to fill */
#define NOT_LAPPED UINT64_MAX

static_assert(ROOM <= VEGA_COLUMNS_RECORD_CNT_MAX, "a block holds what is gathered");
static_assert(VEGA_KEYFRAME_PLAIN_BYTES < ROOM * VEGA_RECORD_BYTES / 2, "and a slice fits it");

struct vega_record_drain {
	struct vega_ring ring;
	struct vega_files files;
	struct vega_lane_cells cells;
	struct vega_zone *zone;
	struct vega_columns *columns;
	uint64_t generation;
	uint64_t now_ns;
	bool finishing;

	/* Gathered: `cnt` records from `position` on; `next` is to be copied next. */
	union vega_record *records;
	uint64_t position;
	uint32_t cnt;
	uint32_t looked_at; /* of them, for an EPOCH */
	uint32_t roll_at;   /* where a new day begins; 0: nowhere */
	uint32_t day;       /* of the first; 0: not known yet */
	uint64_t next;
	uint64_t since_ns;                /* now_ns when the first came */
	uint64_t lap_first;               /* the first position lost, behind what is gathered */
	uint64_t recv_ns;                 /* of the last PACKET before the first */
	struct vega_record_clock clock;   /* before the first */
	struct vega_keyframes *keyframes; /* NULL: none are laid */
	uint32_t made_day;                /* of the last block of records */

	/* Blocks, a ring: released <= put <= made. */
	struct vega_block_hdr *blocks[VEGA_RECORD_DRAIN_BLOCKS];
	uint64_t made;
	uint64_t put;
	uint64_t released;
};

/* ---- events --------------------------------------------------------------------------------------------------- */

/* PACKET, and what rx lays between packets. A TIME record belongs to what follows it. */
static bool
begins_event(const union vega_record *r)
{
	const uint32_t kind = vega_record_kind(r);

	return kind == VEGA_PACKET || kind == VEGA_EPOCH || kind == VEGA_LOSS;
}

/* The first event of a run that begins within it; cnt: none. */
static uint32_t
first_event(const union vega_record *records, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (begins_event(&records[i]))
			return i > 0 && vega_record_kind(&records[i - 1]) == VEGA_TIME ? i - 1 : i;
	return cnt;
}

/* Where the last event begins, EPOCH and PACKET kept together: a good place to cut. 0: there is none but the first. */
static uint32_t
last_event(const union vega_record *records, uint32_t cnt)
{
	uint32_t i = cnt;

	while (i > 1)
		if (begins_event(&records[--i])) {
			while (i > 0 && (vega_record_kind(&records[i - 1]) == VEGA_TIME ||
						vega_record_kind(&records[i - 1]) == VEGA_EPOCH))
				i--;
			return i;
		}
	return 0;
}

/* ---- making blocks -------------------------------------------------------------------------------------------- */

/* The trading day of the first record that has a time; where none has, the one that the capture began in. */
static uint32_t
day_of(const struct vega_record_drain *d, const union vega_record *records, uint32_t cnt)
{
	struct vega_record_clock clock = d->clock;

	for (uint32_t i = 0; i < cnt; i++) {
		const uint64_t ns = vega_record_ns(&clock, &records[i]);

		if (ns != 0)
			return vega_zone_day(d->zone, ns).yyyymmdd;
	}
	return vega_zone_day(d->zone, d->recv_ns != 0 ? d->recv_ns : d->generation).yyyymmdd;
}

static void
make_block(struct vega_record_drain *d, const union vega_record *records, uint32_t cnt,
	uint64_t position, enum vega_seal seal)
{
	struct vega_record_run run = {
		.records = records,
		.cnt = cnt,
		.day = d->day != 0 ? d->day : day_of(d, records, cnt),
		.position = position,
		.generation = d->generation,
		.recv_ns = d->recv_ns,
		.clock = d->clock,
		.seal = seal,
	};

	struct vega_block_hdr *hdr = d->blocks[d->made % VEGA_RECORD_DRAIN_BLOCKS];

	vega_record_block_make(&run, d->columns, hdr);
	hdr->kind = (uint16_t)d->files.shared.kind;
	d->made++;
	d->made_day = run.day;
	d->recv_ns = run.recv_ns;
	d->clock = run.clock;
}

/* The lane was faster: positions from lap_first up to `end` are gone. */
static void
tell_lapped(struct vega_record_drain *d, uint64_t end)
{
	const uint64_t ns =
		d->recv_ns > d->clock.epoch_ns ? d->recv_ns - d->clock.epoch_ns : VEGA_TS_NONE;
	const union vega_record loss = {
		.word = {
			(ns < VEGA_TS_NONE ? ns : VEGA_TS_NONE) | (uint64_t)VEGA_LOSS << 48 |
				(uint64_t)VEGA_RECORD_LAST << 56,
			(uint64_t)VEGA_LOSS_LAPPED << 32,
			end - d->lap_first,
			d->lap_first,
		}};

	vega_count(d->cells.lapped, end - d->lap_first);
	make_block(d, &loss, 1, d->lap_first, VEGA_SEAL_FULL);
	d->lap_first = NOT_LAPPED;
	d->day = 0; /* it may have rolled meanwhile */
}

/* Where to cut, and why; 0: not yet. */
static uint32_t
cut_at(const struct vega_record_drain *d, enum vega_seal *ret_seal)
{
	const bool is_old = d->now_ns - d->since_ns >= AGE_NS;
	const bool is_full = d->cnt >= ROOM;
	uint32_t last;

	*ret_seal = d->roll_at != 0 ? VEGA_SEAL_DAY : is_full ? VEGA_SEAL_FULL : VEGA_SEAL_AGE;
	if (d->roll_at != 0)
		return d->roll_at;
	if (d->lap_first != NOT_LAPPED)
		return d->cnt;
	/* what the lane holds no more of ends with an event */
	if (d->next >= vega_load_acquire(&d->ring.tail->publish)) { /* R1: pairs with W3 */
		if (d->finishing)
			*ret_seal = VEGA_SEAL_STOP;
		return d->finishing || is_old || is_full ? d->cnt : 0;
	}
	if (!is_old && !is_full)
		return 0;
	last = last_event(d->records, d->cnt);
	return last != 0 || !is_full ? last : d->cnt;
}

/* Look for the EPOCH that begins another day. */
static void
find_roll(struct vega_record_drain *d)
{
	if (d->cnt != 0 && d->day == 0)
		d->day = day_of(d, d->records, d->cnt);
	while (d->looked_at < d->cnt && d->roll_at == 0) {
		const uint32_t i = d->looked_at++;
		struct vega_record_clock clock = {0};

		if (vega_record_kind(&d->records[i]) == VEGA_EPOCH && i != 0 &&
			vega_zone_day(d->zone, vega_record_ns(&clock, &d->records[i])).yyyymmdd !=
				d->day)
			d->roll_at = i;
	}
}

/* Returns true when a block was made. */
static bool
make_gathered(struct vega_record_drain *d)
{
	enum vega_seal seal;
	const uint32_t cut = d->cnt != 0 ? cut_at(d, &seal) : 0;

	if (cut == 0)
		return false;
	make_block(d, d->records, cut, d->position, seal);
	d->cnt -= cut;
	d->position += cut;
	memmove(d->records, d->records + cut, (size_t)d->cnt * sizeof(d->records[0]));
	if (cut == d->roll_at)
		d->day = 0;
	d->roll_at = 0;
	d->looked_at = 0;
	d->since_ns = d->now_ns;
	find_roll(d);
	return true;
}

/* ---- gathering ------------------------------------------------------------------------------------------------ */

/* Go on from the oldest position that can be had whose epoch is known. */
static void
restart(struct vega_record_drain *d, uint64_t oldest)
{
	const uint64_t publish = vega_load_acquire(&d->ring.tail->publish); /* R1: pairs with W3 */
	uint64_t epoch_from;

	(void)vega_ring_epoch(&d->ring, &epoch_from); /* E2 */

	if (d->lap_first == NOT_LAPPED)
		d->lap_first = d->next;
	d->next = oldest;
	if (epoch_from > publish)
		return; /* an epoch that is about to begin */
	if (epoch_from > oldest)
		d->next = epoch_from;
}

/* After a lap: pass over the rest of an event whose beginning is lost. */
static void
resync(struct vega_record_drain *d, uint32_t cnt)
{
	const uint32_t begin = first_event(d->records, cnt);
	const bool keeps_time = begin == cnt && cnt > 1 && !d->finishing &&
				vega_record_kind(&d->records[cnt - 1]) == VEGA_TIME;

	d->next += keeps_time ? cnt - 1 : cnt;
	if (begin == cnt && !d->finishing)
		return;
	tell_lapped(d, d->next - (cnt - begin));
	d->clock.epoch_ns = vega_load_relaxed(&d->ring.tail->epoch_ns);
	d->cnt = cnt - begin;
	d->position = d->next - d->cnt;
	d->since_ns = d->now_ns;
	memmove(d->records, d->records + begin, (size_t)d->cnt * sizeof(d->records[0]));
	find_roll(d);
}

/* Returns true when there was something in the lane. */
static bool
gather(struct vega_record_drain *d)
{
	const uint32_t room = ROOM - d->cnt;
	const uint32_t max = room < VEGA_RECORD_DRAIN_COPY ? room : VEGA_RECORD_DRAIN_COPY;
	uint64_t cnt, oldest;

	switch (vega_ring_copy(
		&d->ring, d->next, max, d->records[d->cnt].word, &cnt, &oldest)) { /* R1, R2, R3 */
	case VEGA_RING_AHEAD:
		return false;
	case VEGA_RING_LAPPED:
		restart(d, oldest);
		return true;
	case VEGA_RING_OK:
	default:
		break;
	}
	if (d->lap_first != NOT_LAPPED && (cnt != 0 || d->finishing)) {
		resync(d, (uint32_t)cnt);
		return true;
	}
	if (cnt == 0)
		return false;
	if (d->cnt == 0) {
		d->since_ns = d->now_ns;
		d->position = d->next;
	}
	d->cnt += (uint32_t)cnt;
	d->next += cnt;
	find_roll(d);
	return true;
}

/* Of the day and time of the records in front of it. The last free block is left to records. */
static unsigned
make_slice(struct vega_record_drain *d)
{
	struct vega_block_hdr *hdr = d->blocks[d->made % VEGA_RECORD_DRAIN_BLOCKS];
	const uint32_t day = d->made_day != 0 ? d->made_day : d->day;

	if (d->keyframes == NULL || d->finishing ||
		d->made - d->released + 1 >= VEGA_RECORD_DRAIN_BLOCKS ||
		!vega_keyframes_next(d->keyframes, d->now_ns, day, hdr))
		return 0;
	hdr->day = day;
	hdr->recv_ns_first = hdr->recv_ns_last = hdr->recv_ns_min = hdr->recv_ns_max = d->recv_ns;
	d->made++;
	return 1;
}

static unsigned
gather_or_make(struct vega_record_drain *d)
{
	if (d->made - d->released == VEGA_RECORD_DRAIN_BLOCKS)
		return 0;
	return make_gathered(d) || gather(d);
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

/* There is no file to write to: what is made is kept while there is room for more. */
static unsigned
lose_block(struct vega_record_drain *d, const struct vega_block_hdr *hdr)
{
	const bool is_full = d->made - d->released == VEGA_RECORD_DRAIN_BLOCKS;

	/* blocks in front of it have still to settle: losses are told in order */
	if (vega_files_are_full(&d->files) || d->put != d->released || (!is_full && !d->finishing))
		return 0;
	vega_writer_lose(&d->files.shared, hdr);
	d->files.settled_before++;
	d->put++;
	return 1;
}

static unsigned
put_blocks(struct vega_record_drain *d)
{
	struct vega_writer *w = NULL;
	unsigned work = 0;

	while (d->put != d->made) {
		struct vega_block_hdr *hdr = d->blocks[d->put % VEGA_RECORD_DRAIN_BLOCKS];

		w = vega_files_for(&d->files, hdr, d->now_ns);
		if (w == NULL) {
			work += lose_block(d, hdr);
			break;
		}
		vega_writer_put(w, hdr);
		d->put++;
		work++;
	}
	if (w != NULL)
		vega_writer_flush(w);
	return work;
}

/* What lies before it is written, or never will be. */
static uint64_t
settled_position(const struct vega_record_drain *d)
{
	for (uint64_t i = d->released; i != d->made; i++) {
		const struct vega_block_hdr *hdr = d->blocks[i % VEGA_RECORD_DRAIN_BLOCKS];

		if (hdr->kind != VEGA_KIND_KEYFRAME)
			return hdr->position_first;
	}
	if (d->cnt != 0)
		return d->position;
	return d->lap_first != NOT_LAPPED ? d->lap_first : d->next;
}

static void
publish(struct vega_record_drain *d)
{
	d->released = vega_files_settled(&d->files);
	vega_store_relaxed(d->cells.durable, vega_files_durable(&d->files).records);
	vega_store_relaxed(d->cells.drained, d->next);
	/* who sees it finds the blocks before it: their writes are complete */
	vega_store_release(d->cells.settled, settled_position(d)); /* J1: pairs with J2 */
}

/* Without a journal. */
static unsigned
discard(struct vega_record_drain *d, uint64_t published)
{
	const bool is_new = d->next != published;

	d->next = published;
	vega_store_relaxed(d->cells.drained, published);
	return is_new;
}

unsigned
vega_record_drain_poll(struct vega_record_drain *d, uint64_t now_ns, bool finishing)
{
	const uint64_t published =
		vega_load_acquire(&d->ring.tail->publish); /* R1: pairs with W3 */
	unsigned work;

	if (published > d->next)
		vega_count_max(d->cells.lag_max, published - d->next);
	if (d->files.io == NULL)
		return discard(d, published);
	if (finishing && !d->finishing)
		d->files.retry_ns = 0; /* one last try, now */
	d->finishing = finishing;
	d->now_ns = now_ns;
	work = vega_files_poll(&d->files, now_ns);
	publish(d);
	work += make_slice(d);
	work += gather_or_make(d);
	work += put_blocks(d);
	publish(d);
	return work;
}

bool
vega_record_drain_idle(const struct vega_record_drain *d)
{
	const uint64_t published =
		vega_load_acquire(&d->ring.tail->publish); /* R1: pairs with W3 */

	return d->next >= published && d->cnt == 0 && d->lap_first == NOT_LAPPED &&
	       d->released == d->made;
}

void
vega_record_drain_close(struct vega_record_drain *d)
{
	vega_files_close(&d->files);
}

bool
vega_record_drain_is_closed(const struct vega_record_drain *d)
{
	return d->files.first == NULL;
}

int
vega_record_drain_error(const struct vega_record_drain *d)
{
	return d->files.shared.error.rc != 0 ? vega_err_restore(&d->files.shared.error) : 0;
}

/* ---- making one ----------------------------------------------------------------------------------------------- */

static bool
take_memory(struct vega_record_drain *d)
{
	bool all = true;

	d->records = calloc(ROOM, sizeof(d->records[0]));
	for (unsigned i = 0; i < VEGA_RECORD_DRAIN_BLOCKS; i++) {
		d->blocks[i] = aligned_alloc(VEGA_BLOCK_ALIGN_BYTES, vega_record_block_bytes(ROOM));
		all &= d->blocks[i] != NULL;
	}
	return all && d->records != NULL;
}

static int
open_lane(struct vega_record_drain *d, const struct vega_region *region, uint32_t feed_id)
{
	uint64_t lane_bytes = 0;
	const struct vega_record_lane *lane =
		d->files.shared.kind == VEGA_KIND_BOOK
			? vega_region_book_lane(region, feed_id, &lane_bytes)
			: vega_region_record_lane(region, feed_id, &lane_bytes);
	int rc = lane != NULL ? vega_ring_open(lane, lane_bytes, &d->ring) : -EBADMSG;

	if (rc < 0 || d->ring.words != VEGA_RING_WORDS)
		return VEGA_ERR(-EBADMSG, "need a lane of 32-byte records for feed %s, found none",
			region->feeds[feed_id].name);
	d->generation = lane->generation;
	return 0;
}

int
vega_record_drain_keyframes(struct vega_record_drain *d, const struct vega_state_feed *state,
	const struct vega_keyframes_conf *conf)
{
	if (d->files.io == NULL || d->keyframes != NULL ||
		(conf->interval_ns == 0 && conf->record_cnt == 0))
		return 0;
	return vega_keyframes_new(state, conf, &d->keyframes);
}

int
vega_record_drain_new(const struct vega_region *region, uint32_t feed_id,
	const struct vega_files *like, struct vega_columns *columns,
	struct vega_record_drain **ret_drain)
{
	struct vega_record_drain *d = calloc(1, sizeof(*d));
	int rc;

	if (d == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the drain of a record lane, found none");
	d->files = *like;
	d->cells = vega_lane_cells_of(like->shared.cells, like->shared.kind);
	d->columns = columns;
	d->lap_first = NOT_LAPPED;
	rc = open_lane(d, region, feed_id);
	if (rc == 0)
		rc = vega_zone_new(like->shared.zone, like->shared.day_start_s, &d->zone);
	if (rc == 0 && like->io != NULL && !take_memory(d))
		rc = VEGA_ERR(-ENOMEM, "need memory for the blocks of a record lane, found none");
	if (rc < 0)
		vega_record_drain_delete(d);
	else
		*ret_drain = d;
	return rc;
}

void
vega_record_drain_delete(struct vega_record_drain *d)
{
	if (d == NULL)
		return;
	vega_files_delete(&d->files);
	for (unsigned i = 0; i < VEGA_RECORD_DRAIN_BLOCKS; i++)
		free(d->blocks[i]);
	free(d->records);
	vega_keyframes_delete(d->keyframes);
	vega_zone_delete(d->zone);
	free(d);
}
