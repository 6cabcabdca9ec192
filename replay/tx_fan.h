/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_TX_FAN_H
#define VEGA_REPLAY_TX_FAN_H
/*
 * Several outputs as one: each feed to its own, in one total order.
 *
 * A burst is cut where the output changes, and its pieces are handed over one after the other. An output without room holds up all
 * others: order goes before throughput.
 */
#include "hugepages/vega_layout.h"
#include "replay/inputs.h"
#include "replay/tx.h"

#define VEGA_FAN_OUT_CNT_MAX 16u

struct vega_fan_out {
	char feed[VEGA_NAME_BYTES]; /* "": all that no other output has */
	const char *spec;           /* "dpdk:0000:03:00.0": the same one twice is one output */
	const struct vega_tx_ops *ops;
	const char *operand;
};

/*
 * Open the outputs; a single one for everything is given as it is.
 *
 * Returns 0; a negative errno with a message: an output's own, or -EINVAL (64): a feed has no output, or an output no feed.
 */
int vega_tx_fan_open(const struct vega_fan_out *outs, uint32_t out_cnt,
	const struct vega_inputs *inputs, struct vega_tx **ret_tx) VEGA_MUST_CHECK;

#endif
