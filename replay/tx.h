/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TX_H
#define VEGA_REPLAY_TX_H
/*
 * Where a replay goes: a table of outputs, all with the same verbs.
 *
 * An output takes frames in order. What it cannot send it counts by cause and goes on, so that
 *	frames taken = packets_sent + each not_sent
 * holds at any time. Threads: the sender's.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"
#include "store/vega_journal.h"

#define VEGA_TX_BURST_CNT_MAX 64u

struct vega_tx;

struct vega_tx_ops {
	const char *name;    /* "udp" */
	const char *operand; /* what follows the colon: "IFACE"; NULL: nothing does */
	const char *help;
	uint64_t speed_millionths; /* when none is asked for; 0: max */
	/*
	 * Params: linktype	LINKTYPE_ value the inputs begin with
	 * Returns 0 or a negative errno with a message.
	 */
	int (*open)(const char *operand, uint32_t linktype, struct vega_tx **ret_tx);
	/*
	 * Take up to frame_cnt frames (VEGA_TX_BURST_CNT_MAX at most), in order, together.
	 * Params: due_ns	when each is to leave, by vega_monotonic_ns, in order; NULL: at once. Only an output with a
	 *			lead looks at it.
	 * Returns how many were taken (sent, or counted as not sent); 0: no room now, try again; a negative errno with a
	 * message: the output is gone. Their data is not needed any more afterwards.
	 */
	int (*send_burst)(struct vega_tx *tx, const struct vega_frame *frames,
		const uint64_t *due_ns, uint32_t frame_cnt);
	/*
	 * Do all that sending this frame takes, but send nothing: what has not run for a while runs some 20 us slower. NULL: there
	 * is nothing to warm. Returns whether it was done. Cost: as a send, some 10 us.
	 */
	bool (*warm_up)(struct vega_tx *tx, const struct vega_frame *frame);
	/* All that was taken is out, and the counts are final. Returns 0 or a negative errno with a message. */
	int (*flush)(struct vega_tx *tx);
	int (*close)(struct vega_tx
			*tx); /* frees it in any case; 0 or the first error, with its message */
};

/* Why a frame was not sent. */
#define VEGA_TX_REASONS(X)                                         \
	X(not_udp, "frames that hold no whole UDP datagram (udp)") \
	X(too_long, "frames above what the output takes")          \
	X(refused, "frames the port or the system refused")        \
	X(down, "frames due while the link was down")              \
	X(unclaimed, "frames that no channel of the configuration claims (region)")

#define VEGA_TX_CELL(name, doc) uint64_t not_sent_##name;
struct vega_tx_counts {
	uint64_t packets_sent;
	uint64_t bytes_sent;
	/* Sent, but shorter than on the wire: the recording holds no more of them. */
	uint64_t packets_cut;
	VEGA_TX_REASONS(VEGA_TX_CELL)
};
#undef VEGA_TX_CELL

/* An implementation embeds this as its first member. */
struct vega_tx {
	const struct vega_tx_ops *ops;
	/*
	 * Not 0: what lies behind the output sends each frame at its time, when it is handed over so long before, and the
	 * sender never learns how exactly. 0: a frame leaves when it is handed over.
	 */
	uint64_t lead_ns;
	/* Each frame of a burst is on its way before the next one is begun with, as the kernel sends: they do not leave together. */
	bool is_serial;
	struct vega_tx_counts counts;
};

static inline void
vega_tx_count_sent(struct vega_tx *tx, const struct vega_frame *frame, uint32_t bytes)
{
	tx->counts.packets_sent++;
	tx->counts.bytes_sent += bytes;
	tx->counts.packets_cut += frame->captured_bytes < frame->wire_bytes;
}

extern const struct vega_tx_ops vega_tx_null;
extern const struct vega_tx_ops vega_tx_pcap;
extern const struct vega_tx_ops vega_tx_udp;
extern const struct vega_tx_ops vega_tx_dpdk;
extern const struct vega_tx_ops vega_tx_region;

/* Whose feeds and channels a region has; before one is opened, and it outlives it. */
struct vega_conf;
void vega_tx_region_conf(const struct vega_conf *conf);

/* For close: 0, or -ENODEV (69) with a message when the link was down for a while. */
int vega_tx_verdict(const struct vega_tx *tx);

/*
 * Find the output of "NAME" or "NAME:OPERAND".
 *
 * Returns 0 and the operand ("" when there is none); -EINVAL with a message that names what there is; -ENOTSUP (69) for
 * an output this build leaves out.
 */
int vega_tx_find(const char *spec, const struct vega_tx_ops **ret_ops,
	const char **ret_operand) VEGA_MUST_CHECK;

#endif
