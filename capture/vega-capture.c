/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vega-capture: packets from ports or files, through the lanes, into the journal. The one place where capture and store meet.
 *
 * Starting is a row of stages, each with its undo; what cannot work is found before the first packet is taken:
 *
 *	configuration -> files -> plan -> region -> journal -> ports -> lcores
 *
 * Then three kinds of threads run: an rx loop for each rx lcore, the drain on the main thread, the control thread.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/crew.h"
#include "capture/options.h"
#include "capture/plan.h"
#include "capture/port_set.h"
#include "capture/states.h"
#include "capture/summary.h"
#include "capture/watch.h"
#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/conf.h"
#include "hugepages/base/err.h"
#include "hugepages/host.h"
#include "hugepages/region.h"
#include "store/drain.h"
#include "store/keyframe_drain.h"

#define PROGRAM "vega-capture"

struct capture {
	struct vega_capture_options options;
	struct vega_conf *conf;
	struct vega_source *files; /* NULL: ports */
	struct vega_host *host;
	struct vega_plan *plan;
	struct vega_region *region;
	struct vega_drain *drain;
	struct vega_states states;
	struct vega_port_set *ports;
	struct vega_crew *crew;
	struct vega_watch watch;
	struct vega_summary summary;
	pthread_t file_thread;
	uint64_t run_ns; /* how long packets were taken */
};

static bool
from_files(const struct capture *c)
{
	return c->options.file_cnt != 0;
}

/* ---- stages ---------------------------------------------------------------------------------------------------- */

/* What the command line says goes before the configuration. */
static int
apply_options(struct capture *c)
{
	const struct vega_capture_options *o = &c->options;
	int rc = 0;

	for (uint32_t i = 0; i < o->port_cnt && rc == 0; i++)
		rc = vega_conf_add_port(c->conf, o->ports[i]);
	if (rc == 0 && !from_files(c) && c->conf->port_cnt == 0)
		rc = VEGA_ERR_CONFIG(
			"%s: need ports, found none; add `ports`, or give --pcap or --port",
			o->config);
	if (o->region != NULL)
		(void)snprintf(c->conf->region, sizeof(c->conf->region), "%s", o->region);
	if (o->memory != 0)
		c->conf->memory = o->memory;
	if (o->journal != NULL) {
		free(c->conf->journal_dir);
		c->conf->journal_dir = strdup(o->journal);
		if (c->conf->journal_dir == NULL)
			rc = VEGA_ERR(-ENOMEM, "need memory for the configuration");
	}
	return rc;
}

static void
drop_conf(struct capture *c)
{
	vega_conf_delete(c->conf);
	c->conf = NULL;
}

static int
load_conf(struct capture *c)
{
	int rc = c->options.config != NULL ? vega_conf_load(c->options.config, &c->conf)
					   : vega_conf_default(&c->conf);

	if (rc == 0 && (rc = apply_options(c)) != 0)
		drop_conf(c);
	return rc;
}

static int
open_files(struct capture *c)
{
	int rc;

	if (!from_files(c))
		return 0;
	rc = vega_source_pcap_open(
		c->options.files, c->options.file_cnt, c->options.pace, &c->files);
	if (rc == 0)
		vega_source_pcap_stop_on(c->files, &c->watch.stop);
	return rc;
}

static void
close_files(struct capture *c)
{
	if (c->files != NULL)
		c->files->ops->close(c->files);
	c->files = NULL;
}

/* A file's interface is named by the last part of its path. */
static const char *
file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static int
make_plan(struct capture *c)
{
	const char *names[VEGA_IF_CNT_MAX];
	int rc;

	c->host = malloc(sizeof(*c->host));
	if (c->host == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the plan");
	rc = vega_host_read("", c->host);
	for (uint32_t i = 0; i < c->options.file_cnt; i++)
		names[i] = file_name(c->options.files[i]);
	if (rc == 0 && from_files(c))
		rc = vega_plan_files(c->conf, c->host, names, c->options.file_cnt, &c->plan);
	else if (rc == 0)
		rc = vega_plan_ports(c->conf, c->host, &c->plan);
	free(c->host);
	c->host = NULL;
	return rc;
}

static void
drop_plan(struct capture *c)
{
	vega_plan_delete(c->plan);
	c->plan = NULL;
}

static void
name_ports(struct capture *c)
{
	for (uint32_t i = 0; i < c->region->control->port_cnt; i++) {
		struct vega_port_cells *cells = &c->region->ports[i];
		const char *name =
			from_files(c) ? file_name(c->options.files[i]) : c->conf->ports[i].name;

		(void)snprintf(cells->name, sizeof(cells->name), "%s", name);
		vega_store_relaxed(&cells->loss_observable, 1); /* the port says otherwise */
	}
}

/* From here on there is something to undo: a signal waits for the control thread. */
static int
hold_signals(struct capture *c)
{
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that goes away must not end a capture */
	vega_watch_prepare(&c->watch);
	return 0;
}

static void
keep_holding(struct capture *c)
{
	(void)c;
}

static int
create_region(struct capture *c)
{
	const struct vega_region_conf conf = {
		.name = c->conf->region,
		.memory = c->conf->memory,
		.page_bytes = c->conf->page_bytes,
		.feeds = c->plan->feeds,
		.feed_cnt = c->plan->feed_cnt,
		.lcore_cnt = c->plan->lcore_cnt,
		.port_cnt = from_files(c) ? c->options.file_cnt : c->conf->port_cnt,
		.journal = c->conf->journal_dir,
	};
	int rc = vega_region_create(&conf, &c->region);

	if (rc == 0)
		name_ports(c);
	return rc;
}

static void
close_region(struct capture *c)
{
	vega_region_close(c->region);
	c->region = NULL;
}

/* Followers in other folders look there too: the region names it from the root on, where that is not too long. */
static void
name_journal(struct capture *c)
{
	char *whole = c->conf->journal_dir != NULL ? realpath(c->conf->journal_dir, NULL) : NULL;

	if (whole != NULL && strlen(whole) < sizeof(c->region->control->journal))
		(void)snprintf(c->region->control->journal, sizeof(c->region->control->journal),
			"%s", whole);
	free(whole);
}

static int
open_journal(struct capture *c)
{
	const struct vega_drain_conf conf = {
		.region = c->region,
		.journal_dir = c->conf->journal_dir,
		.io = c->options.io,
		.file_bytes_max = c->conf->file_bytes_max,
		.file_age_ns_max = c->conf->file_age_ns_max,
		.sync_interval_ns = c->conf->sync_interval_ns,
	};

	const int rc = vega_drain_new(&conf, &c->drain);

	if (rc == 0)
		name_journal(c);
	return rc;
}

static void
close_journal(struct capture *c)
{
	vega_drain_delete(c->drain);
	c->drain = NULL;
}

static int
open_states(struct capture *c)
{
	const struct vega_keyframes_conf conf = {
		.interval_ns = c->conf->keyframe_interval_ns,
		.record_cnt = c->conf->keyframe_record_cnt,
	};
	int rc = vega_states_new(c->plan, c->region, &c->states);

	c->states.waits = from_files(c) && c->options.pace == VEGA_PACE_MAX;
	for (uint32_t i = 0; rc == 0 && i < c->states.cnt; i++)
		rc = vega_drain_keyframes(
			c->drain, c->states.feed_idx[i], c->states.feeds[i], &conf);
	if (rc != 0)
		vega_states_delete(&c->states);
	return rc;
}

static void
close_states(struct capture *c)
{
	vega_states_delete(&c->states);
}

static int
open_ports(struct capture *c)
{
	if (from_files(c))
		return 0;
	return vega_port_set_open(
		c->plan, c->conf->memory != VEGA_MEMORY_SHM, c->options.verbose, &c->ports);
}

static void
close_ports(struct capture *c)
{
	vega_port_set_close(c->ports);
	c->ports = NULL;
}

static int
add_port_sources(struct capture *c)
{
	int rc = 0;

	for (uint32_t i = 0; i < c->plan->lcore_cnt; i++) {
		const struct vega_plan_lcore *lcore = &c->plan->lcores[i];

		for (uint32_t q = 0; q < lcore->queue_cnt && rc == 0; q++) {
			struct vega_source *source;

			rc = vega_port_set_source(
				c->ports, &lcore->queues[q], q, &c->crew->loops[i].stamp, &source);
			if (rc == 0)
				vega_crew_add_source(c->crew, i, source);
		}
	}
	return rc;
}

static void
drop_crew(struct capture *c)
{
	vega_crew_delete(c->crew);
	c->crew = NULL;
}

static int
make_crew(struct capture *c)
{
	int rc = vega_crew_new(c->plan, c->region, c->options.packets_max, &c->watch.stop,
		from_files(c) ? NULL : &c->watch.stamps, &c->crew);

	if (rc != 0)
		return rc;
	if (from_files(c)) {
		vega_crew_add_source(c->crew, 0, c->files);
		c->files = NULL; /* the crew's now */
		return 0;
	}
	rc = vega_port_set_start(c->ports);
	if (rc == 0)
		rc = add_port_sources(c);
	if (rc != 0)
		drop_crew(c);
	return rc;
}

struct stage {
	int (*start)(struct capture *c);
	void (*undo)(struct capture *c);
};

static const struct stage stages[] = {
	{load_conf, drop_conf},
	{open_files, close_files},
	{make_plan, drop_plan},
	{hold_signals, keep_holding},
	{create_region, close_region},
	{open_journal, close_journal},
	{open_states, close_states},
	{open_ports, close_ports},
	{make_crew, drop_crew},
};

static void
undo(struct capture *c, size_t started_cnt)
{
	while (started_cnt-- > 0)
		stages[started_cnt].undo(c);
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static void
look_at_ports(void *arg)
{
	struct capture *c = arg;

	vega_port_set_watch(c->ports, c->region->ports);
}

static int
start_watch(struct capture *c)
{
	c->watch.region = c->region;
	c->watch.duration_ns = c->options.duration_ns;
	c->watch.packets_max = c->options.packets_max;
	c->watch.stamping = !from_files(c);
	c->watch.display = vega_progress_wanted() && !c->options.verbose;
	c->watch.look_at_ports = from_files(c) ? NULL : look_at_ports;
	c->watch.ports = c;
	return vega_watch_start(&c->watch);
}

static void *
run_file_loop(void *arg)
{
	(void)vega_lcore_rx_run(arg);
	return NULL;
}

static int
launch(struct capture *c)
{
	int rc = 0;

	if (from_files(c)) {
		rc = pthread_create(&c->file_thread, NULL, run_file_loop, &c->crew->loops[0]);
		return rc == 0 ? 0
			       : VEGA_ERR_EX(-rc, EX_OSERR,
					 "need a thread to read files, found: limit reached");
	}
	for (uint32_t i = 0; i < c->plan->lcore_cnt && rc == 0; i++)
		rc = vega_port_set_launch(i, vega_lcore_rx_run, &c->crew->loops[i]);
	return rc;
}

static void
join(struct capture *c)
{
	if (from_files(c))
		(void)pthread_join(c->file_thread, NULL);
	else
		vega_port_set_wait();
}

/* One thread writes the journal and keeps the state. */
static unsigned
poll_both(void *arg, uint64_t now_ns)
{
	struct capture *c = arg;

	return vega_drain_poll(c->drain, now_ns) + vega_states_poll(&c->states);
}

/* As far as they go now. */
static unsigned
poll_states(struct capture *c)
{
	unsigned taken = 0;

	for (unsigned more; (more = vega_states_poll(&c->states)) != 0;)
		taken += more;
	return taken;
}

/* Keep the first of several failures: it is the one to tell. */
static int
first_failure(struct vega_err *err, int rc)
{
	if (rc < 0 && err->rc == 0)
		vega_err_save(err, rc);
	return rc;
}

static int
run_loops(struct capture *c)
{
	const uint64_t begin_ns = vega_monotonic_ns();
	struct vega_lcore_drain loop = {
		.poll = poll_both,
		.drain = c,
		.idle = c->plan->idle,
		.clock = vega_lcore_clock_begin(),
		.rx = c->crew->loops,
		.rx_cnt = c->crew->lcore_cnt,
	};
	int rc = launch(c);

	if (rc != 0)
		return rc;
	(void)vega_lcore_drain_run(&loop);
	join(c);
	do /* states that wait for storage may have more */
		vega_drain_flush(c->drain);
	while (poll_states(c) != 0);
	c->run_ns = vega_monotonic_ns() - begin_ns;
	return vega_drain_finish(c->drain);
}

static void
say_start(struct capture *c)
{
	char text[192];

	if (c->options.json)
		return;
	vega_region_describe(c->region, text, sizeof(text));
	(void)printf("%s\n", text);
	if (!from_files(c))
		(void)printf("ports: packet buffers in %s\n", vega_port_set_memory());
	if (c->conf->journal_dir != NULL)
		(void)printf("journal %s, written by %s\n", c->conf->journal_dir,
			c->region->control->io);
	else
		(void)printf("no --journal: frames are discarded behind the lanes\n");
	for (uint32_t i = 0; i < c->plan->warning_cnt; i++)
		(void)printf("note: %s\n", c->plan->warnings[i]);
	(void)fflush(stdout);
}

/* What the state could not hold is not lost, but not shown either. */
static void
say_full(const struct capture *c)
{
	char text[256];

	for (uint32_t i = 0; i < c->plan->feed_cnt; i++)
		if (vega_states_full(c->region, i, text, sizeof(text)))
			(void)fprintf(stderr, PROGRAM ": %s\n", text);
}

/* Everything is started: run to the end, then tell. Returns 0 or the first failure. */
static int
run(struct capture *c)
{
	struct vega_err err = {0};
	int rc = start_watch(c);

	if (rc != 0)
		return rc;
	say_start(c);
	(void)first_failure(&err, run_loops(c));
	vega_watch_finish(&c->watch);
	say_full(c);
	for (uint32_t i = 0; i < c->crew->lcore_cnt; i++)
		if (err.rc == 0 && c->crew->loops[i].err.rc != 0)
			err = c->crew->loops[i].err;
	vega_summary_take(&c->summary, c->region);
	c->summary.duration_ns = c->run_ns;
	c->summary.journal = c->conf->journal_dir;
	c->summary.buffers = from_files(c) ? NULL : vega_port_set_memory();
	(void)first_failure(&err, vega_summary_print(&c->summary, c->options.json));
	(void)first_failure(&err, vega_summary_check(&c->summary));
	return err.rc != 0 ? vega_err_restore(&err) : 0;
}

int
main(int argc, char **argv)
{
	static struct capture c;
	size_t started_cnt = 0;
	int rc;

	vega_cli_init(PROGRAM);
	rc = vega_capture_parse(argc, argv, &c.options);
	while (rc == 0 && started_cnt < VEGA_ARRAY_CNT(stages))
		if ((rc = stages[started_cnt].start(&c)) == 0)
			started_cnt++;
	if (rc == 0)
		rc = run(&c);
	rc = vega_err_exit(PROGRAM, rc);
	undo(&c, started_cnt);
	return rc;
}
