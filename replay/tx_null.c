/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The output that is none: it counts. It shows what the stages before it can do, and the sender's own timing.
 */
#include <stdlib.h>

#include "hugepages/base/err.h"
#include "replay/pace.h"
#include "replay/tx.h"

static int
open_null(const char *operand VEGA_UNUSED, uint32_t linktype VEGA_UNUSED, struct vega_tx **ret_tx)
{
	struct vega_tx *tx = calloc(1, sizeof(*tx));

	if (tx == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the output, found none");
	tx->ops = &vega_tx_null;
	*ret_tx = tx;
	return 0;
}

static int
send_null(struct vega_tx *tx, const struct vega_frame *frames, const uint64_t *due_ns VEGA_UNUSED,
	uint32_t frame_cnt)
{
	for (uint32_t i = 0; i < frame_cnt; i++)
		vega_tx_count_sent(tx, &frames[i], frames[i].captured_bytes);
	return (int)frame_cnt;
}

static int
flush_null(struct vega_tx *tx VEGA_UNUSED)
{
	return 0;
}

static int
close_null(struct vega_tx *tx)
{
	free(tx);
	return 0;
}

const struct vega_tx_ops vega_tx_null = {
	.name = "null",
	.help = "nowhere, but counted",
	.speed_millionths = VEGA_SPEED_UNIT,
	.open = open_null,
	.send_burst = send_null,
	.flush = flush_null,
	.close = close_null,
};
