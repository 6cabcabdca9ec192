/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_CAPTURE_PLAN_H
#define VEGA_CAPTURE_PLAN_H
/*
 * Who polls what, and who writes which lane: a pure function of the configuration and the machine.
 *
 * An rx lcore polls queues of ports; each is an interface of every feed that the lcore owns, under the same number. A feed
 * belongs to exactly one lcore, so a lane has one writer. What nobody claims goes to the lcore's own default feed:
 * `default` with one rx lcore, `default.0`, `default.1` ... with more. Default feeds come last.
 *
 * What cannot work is refused here, before anything is touched.
 */
#include <stdbool.h>
#include <stdint.h>

#include "capture/feed/feed.h"
#include "capture/feed/match.h"
#include "hugepages/base/conf.h"
#include "hugepages/host.h"
#include "hugepages/layout.h"

#define VEGA_PLAN_WARNING_CNT_MAX 8u

/* One interface of an rx lcore. */
struct vega_plan_queue {
	uint32_t port_idx; /* into conf->ports; VEGA_CONF_ANY: a file */
	uint32_t queue;
};

struct vega_plan_lcore {
	uint32_t cpu;              /* VEGA_CONF_ANY: not pinned */
	uint32_t numa;             /* where its memory should lie; VEGA_CONF_ANY: anywhere */
	uint32_t default_feed_idx; /* into feeds: what nobody claims */
	uint32_t queue_cnt;
	struct vega_plan_queue queues[VEGA_IF_CNT_MAX]; /* the index is the packets' interface_id */
};

/*
 * A claim that the port itself must steer, because several lcores poll it: packets of this channel to this queue. What the
 * port cannot promise (rte_flow_validate) refuses the start.
 */
struct vega_plan_rule {
	uint32_t port_idx;
	uint32_t queue; /* the first of the port that the feed's lcore polls */
	uint32_t feed_idx;
	const struct vega_conf_channel *channel;
};

/* How a feed is decoded; channels by their place in the configuration. */
struct vega_plan_decode {
	struct vega_feed_channel *channels; /* NULL: frames only */
	uint32_t channel_cnt;
	bool modify_adds; /* of its books: vega_feed_modify_adds */
	uint64_t hold_ns;
};

struct vega_plan {
	const struct vega_conf *conf; /* must outlive the plan */
	enum vega_idle idle;          /* spin or adaptive: decided */
	uint32_t drain_cpu;           /* VEGA_CONF_ANY: not pinned */
	uint32_t lcore_cnt;           /* of rx */
	uint32_t feed_cnt;
	uint32_t rule_cnt;
	uint32_t warning_cnt;
	struct vega_plan_lcore lcores[VEGA_LCORE_CNT_MAX];
	/* As the region takes them; .lcore is the owner. */
	struct vega_layout_feed feeds[VEGA_FEED_CNT_MAX];
	struct vega_plan_decode decodes[VEGA_FEED_CNT_MAX]; /* by feed */
	bool needs_flow_rules[VEGA_PORT_CNT_MAX];           /* by port: several lcores poll it */
	struct vega_plan_rule *rules;
	struct vega_match *match; /* hits tell an index of feeds; one table for all lcores */
	char warnings[VEGA_PLAN_WARNING_CNT_MAX][200];
};

/*
 * Plan a capture from the ports of the configuration.
 *
 * Params: host	of the machine, or NULL to ask nothing of it (processors and nodes are then taken as written)
 * Returns 0; -EINVAL (78) with one line that names what cannot be and what to change; -ENOMEM (69).
 * Life: the caller deletes it; conf must outlive it.
 */
int vega_plan_ports(const struct vega_conf *conf, const struct vega_host *host,
	struct vega_plan **ret_plan) VEGA_MUST_CHECK;

/*
 * Plan a capture from files: one rx lcore, nothing is pinned. Ports, lcores and drain of the configuration are left
 * aside, and a channel that names a port claims from every file.
 *
 * Params: if_names	one interface a file, in the order of interface ids; longer ones are cut to 31 bytes
 *	   if_cnt	1 to VEGA_IF_CNT_MAX
 */
int vega_plan_files(const struct vega_conf *conf, const struct vega_host *host,
	const char *const *if_names, uint32_t if_cnt, struct vega_plan **ret_plan) VEGA_MUST_CHECK;

void vega_plan_delete(struct vega_plan *plan);

#endif
