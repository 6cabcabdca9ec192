/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_REPLAY_REWRITE_H
#define VEGA_REPLAY_REWRITE_H
/*
 * Other addresses for recorded frames: Ethernet, VLAN tag, IP and UDP headers by a list of rules. The payload is not touched, and
 * checksums are repaired by what changed, so that one that was wrong stays wrong.
 *
 * The first rule whose `from` a frame meets is applied. Pure, but for the frame.
 */
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/conf.h"
#include "store/vega_journal.h"

#define VEGA_REWRITE_GROWTH_BYTES 4u /* a frame may become longer by a VLAN tag */

/*
 * Params: data		of the frame, frame->captured_bytes and room for VEGA_REWRITE_GROWTH_BYTES more; frame->data is not looked at
 *	   frame	captured_bytes and wire_bytes follow when a tag comes or goes
 * Returns whether a rule was applied.
 */
bool vega_rewrite(const struct vega_conf_rewrite *rules, uint32_t rule_cnt, uint8_t *data,
	struct vega_frame *frame);

#endif
