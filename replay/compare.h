/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_COMPARE_H
#define VEGA_REPLAY_COMPARE_H
/*
 * An original against a capture of its replay: which packets came, how often, in which order, and when.
 *
 *	original   . . . | m m - m m m - m m m | . . . .		- not matched (yet)
 *	            base                        base + window
 *	capture             m m m m D m F m m ^ next			D doubled, F foreign
 *
 * A window of the original lies in memory, indexed by content. A captured packet belongs to the original packet of the same content
 * that is nearest to where the capture stands (behind its last match): so a heartbeat that is lost takes no other's place, and
 * one that came twice takes none. The window moves on so that a match lies in its first half; what falls out of it
 * unmatched is missing. So a loss in one piece, or a packet that is late, is understood up to half a window, VEGA_COMPARE_REACH
 * packets, and memory is the window's whatever the files hold.
 *
 * Times: the first match lays one clock upon the other. The error of a packet is its captured time since then less its original time
 * since then, divided by the speed. Threads: one.
 */
#include <stdbool.h>

#include "hugepages/base/attr.h"
#include "replay/histogram.h"
#include "replay/timeline.h"
#include "store/vega_journal.h"

#define VEGA_COMPARE_WINDOW_CNT (1u << 22) /* packets; 160 MiB of address space, touched as used */
#define VEGA_COMPARE_REACH      (VEGA_COMPARE_WINDOW_CNT / 2 - 1)

struct vega_compare_counts {
	uint64_t original;
	uint64_t captured;
	uint64_t matched;
	uint64_t missing;   /* original packets that no captured one belongs to */
	uint64_t doubled;   /* captured packets whose original was matched before */
	uint64_t foreign;   /* captured packets that are none of the original's */
	uint64_t reordered; /* matched, but behind one that came later in the original */
};

struct vega_compare_entry {
	uint64_t key;
	uint64_t ns;
	uint32_t prev; /* of the same bucket, by position; places in the window plus one, 0: none */
	uint32_t next;
	bool is_matched;
};

struct vega_compare_bucket {
	uint32_t cursor; /* any entry of its chain: the one last looked at */
	uint32_t tail;   /* the newest */
};

struct vega_compare {
	struct vega_compare_counts counts;
	struct vega_histogram time_error; /* magnitudes, of every match but the first */
	struct vega_histogram gap_error;
	struct vega_timeline timeline; /* of captured time; errors are magnitudes */
	int64_t time_error_ns_min;     /* with their signs */
	int64_t time_error_ns_max;
	int64_t drift_ns; /* time error of the last match */

	uint64_t speed_millionths;
	uint32_t window_cnt;
	uint64_t base; /* position of the oldest entry; positions count the original's packets */
	uint64_t end;  /* behind the newest */
	uint64_t next; /* where the capture stands */
	uint64_t matched_max;
	uint64_t original_first_ns;
	uint64_t captured_first_ns;
	int64_t error_last_ns;
	struct vega_compare_entry *entries; /* window_cnt, by position mod window_cnt */
	struct vega_compare_bucket *buckets;
};

/*
 * Params: speed_millionths	of the replay; 1000000: as recorded
 *	   window_cnt		a power of two from 4 on; VEGA_COMPARE_WINDOW_CNT but in tests
 * Returns 0 or -ENOMEM with a message.
 */
int vega_compare_open(struct vega_compare *compare, uint64_t speed_millionths,
	uint32_t window_cnt) VEGA_MUST_CHECK;
void vega_compare_close(struct vega_compare *compare);

/* What a packet is matched by: a hash of its UDP payload, which rewriting leaves alone; without one, of the whole frame. */
uint64_t vega_compare_key(const struct vega_frame *frame);

/* Is there room for an original packet? While there is and the original has more, give it before the next captured one. */
static inline bool
vega_compare_wants(const struct vega_compare *compare)
{
	return compare->end - compare->base < compare->window_cnt;
}

/* The next packet of the original, and of the capture. Cost: no allocation; a chain of equal keys is walked once over all
 * where the capture keeps about to the original's order, and else by some thousand packets at most for each, if they are spread. */
void vega_compare_original(struct vega_compare *compare, uint64_t key, uint64_t ns);
void vega_compare_captured(struct vega_compare *compare, uint64_t key, uint64_t ns);

/* Both are at their end: what is left is missing. */
void vega_compare_finish(struct vega_compare *compare);

#endif
