/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/feed/channels.h"
#include "capture/plan_parts.h"
#include "hugepages/base/err.h"

void
vega_plan_warn(struct vega_plan *plan, const char *fmt, ...)
{
	va_list ap;

	if (plan->warning_cnt == VEGA_PLAN_WARNING_CNT_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(plan->warnings[plan->warning_cnt++], sizeof(plan->warnings[0]), fmt, ap);
	va_end(ap);
}

/* ---- who claims what ------------------------------------------------------------------------------------------ */

static int
plan_match(struct vega_plan *plan, bool files)
{
	const struct vega_conf *conf = plan->conf;
	const struct vega_conf_feed *feeds[VEGA_FEED_CNT_MAX];
	uint32_t feed_cnt = 0;

	for (uint32_t i = 0; i < conf->feed_cnt; i++)
		if (strcmp(conf->feeds[i].name, "default") != 0)
			feeds[feed_cnt++] = &conf->feeds[i];
	plan->match = aligned_alloc(VEGA_LINE_BYTES, vega_feed_match_bytes(feeds, feed_cnt));
	if (plan->match == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the channels of the feeds, found none");
	return vega_feed_match(feeds, feed_cnt, files, plan->match);
}

/* ---- ports that must steer ------------------------------------------------------------------------------------ */

static bool
is_shared(const struct vega_plan *plan, uint32_t port_idx)
{
	uint32_t lcore_cnt = 0;

	for (uint32_t i = 0; i < plan->lcore_cnt; i++)
		lcore_cnt +=
			vega_plan_queue_of(&plan->lcores[i], port_idx) != VEGA_CONF_ANY ? 1 : 0;
	return lcore_cnt > 1;
}

/* The rules of one port, after those of the ports before it; with rules == NULL they are only counted. */
static void
add_rules(struct vega_plan *plan, uint32_t port_idx)
{
	uint32_t feed_idx = 0;

	for (uint32_t f = 0; f < plan->conf->feed_cnt; f++) {
		const struct vega_conf_feed *feed = &plan->conf->feeds[f];
		uint32_t queue;

		if (strcmp(feed->name, "default") == 0)
			continue;
		queue = vega_plan_queue_of(&plan->lcores[plan->feeds[feed_idx].lcore], port_idx);
		for (uint32_t c = 0; c < feed->channel_cnt && queue != VEGA_CONF_ANY; c++) {
			const struct vega_conf_channel *channel = &feed->channels[c];

			if (channel->port_idx != VEGA_CONF_ANY && channel->port_idx != port_idx)
				continue;
			if (plan->rules != NULL)
				plan->rules[plan->rule_cnt] =
					(struct vega_plan_rule){port_idx, queue, feed_idx, channel};
			plan->rule_cnt++;
			plan->needs_flow_rules[port_idx] = true;
		}
		feed_idx++;
	}
}

static void
add_all_rules(struct vega_plan *plan)
{
	plan->rule_cnt = 0;
	for (uint32_t p = 0; p < plan->conf->port_cnt; p++)
		if (is_shared(plan, p))
			add_rules(plan, p);
}

static int
plan_rules(struct vega_plan *plan)
{
	add_all_rules(plan);
	if (plan->rule_cnt == 0)
		return 0;
	plan->rules = calloc(plan->rule_cnt, sizeof(*plan->rules));
	if (plan->rules == NULL)
		return VEGA_ERR(
			-ENOMEM, "need memory for %u flow rules, found none", plan->rule_cnt);
	add_all_rules(plan);
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static int
make_ports(struct vega_plan *plan, const struct vega_host *host, struct vega_plan_names *names)
{
	int rc;

	plan->drain_cpu = plan->conf->drain_cpu;
	rc = vega_plan_polls(plan);

	if (rc == 0)
		rc = vega_plan_cpus(plan, host);
	if (rc == 0)
		rc = vega_plan_name_queues(plan, names);
	if (rc == 0)
		rc = vega_plan_feeds(plan, names);
	if (rc == 0)
		rc = plan_match(plan, false);
	return rc != 0 ? rc : plan_rules(plan);
}

static int
make_files(struct vega_plan *plan, const struct vega_host *host, const char *const *if_names,
	uint32_t if_cnt, struct vega_plan_names *names)
{
	struct vega_plan_lcore *lcore = &plan->lcores[0];
	int rc;

	if (if_cnt == 0 || if_cnt > VEGA_IF_CNT_MAX)
		return VEGA_ERR_CONFIG(
			"need 1 to %u files with an interface of their own, found %u",
			VEGA_IF_CNT_MAX, if_cnt);
	plan->drain_cpu = VEGA_CONF_ANY;
	plan->lcore_cnt = 1;
	*lcore = (struct vega_plan_lcore){
		.cpu = VEGA_CONF_ANY, .numa = VEGA_CONF_ANY, .queue_cnt = if_cnt};
	for (uint32_t i = 0; i < if_cnt; i++) {
		lcore->queues[i].port_idx = VEGA_CONF_ANY;
		(void)snprintf(names->name[0][i], VEGA_NAME_BYTES, "%s", if_names[i]);
	}
	rc = vega_plan_cpus(plan, host);
	if (rc == 0)
		rc = vega_plan_feeds(plan, names);
	return rc != 0 ? rc : plan_match(plan, true);
}

static int
make(const struct vega_conf *conf, const struct vega_host *host, const char *const *if_names,
	uint32_t if_cnt, struct vega_plan **ret_plan)
{
	struct vega_plan *plan = calloc(1, sizeof(*plan));
	struct vega_plan_names *names = calloc(1, sizeof(*names));
	int rc;

	if (plan == NULL || names == NULL) {
		rc = VEGA_ERR(-ENOMEM, "need memory for the plan, found none");
	} else {
		plan->conf = conf;
		rc = if_names != NULL ? make_files(plan, host, if_names, if_cnt, names)
				      : make_ports(plan, host, names);
	}
	free(names);
	if (rc == 0) {
		*ret_plan = plan;
		return 0;
	}
	vega_plan_delete(plan);
	if (rc == -EINVAL && conf->path[0] != '\0')
		return VEGA_ERR_ADD(rc, "%s", conf->path);
	return rc;
}

int
vega_plan_ports(
	const struct vega_conf *conf, const struct vega_host *host, struct vega_plan **ret_plan)
{
	return make(conf, host, NULL, 0, ret_plan);
}

int
vega_plan_files(const struct vega_conf *conf, const struct vega_host *host,
	const char *const *if_names, uint32_t if_cnt, struct vega_plan **ret_plan)
{
	return make(conf, host, if_names, if_cnt, ret_plan);
}

void
vega_plan_delete(struct vega_plan *plan)
{
	if (plan == NULL)
		return;
	for (uint32_t i = 0; i < plan->feed_cnt; i++)
		free(plan->decodes[i].channels);
	free(plan->rules);
	free(plan->match);
	free(plan);
}
