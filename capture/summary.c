/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture/summary.h"

#include <jansson.h>
#include <stdio.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/clock.h"
#include "hugepages/base/err.h"

void
vega_summary_take(struct vega_summary *summary, const struct vega_region *region)
{
	vega_stat_take(region, true, vega_realtime_ns(), &summary->stat);
	vega_region_describe(region, summary->memory, sizeof(summary->memory));
}

/* Frames laid are written or lost, feed by feed. */
static int
check_written(const struct vega_control_image *image)
{
	for (uint32_t i = 0; i < image->control.feed_cnt; i++) {
		const uint64_t laid = image->rx[i].packets_framed;
		const uint64_t written = image->drain[i].frames_written;
		const uint64_t lost = image->drain[i].lost_disk;

		if (laid != written + lost)
			return VEGA_ERR_EX(-EOVERFLOW, EX_SOFTWARE,
				"internal error: feed %s: %llu frames laid, but %llu written and "
				"%llu lost to storage",
				image->feeds[i].name, (unsigned long long)laid,
				(unsigned long long)written, (unsigned long long)lost);
	}
	return 0;
}

int
vega_summary_check(const struct vega_summary *summary)
{
	struct vega_totals t;

	vega_stat_totals(&summary->stat, &t);
	if (t.packets_unaccounted != 0)
		return VEGA_ERR_EX(-EOVERFLOW, EX_SOFTWARE,
			"internal error: %llu packets received, but %llu published and %llu "
			"dropped",
			(unsigned long long)t.packets_received,
			(unsigned long long)t.packets_published,
			(unsigned long long)t.packets_dropped);
	if (t.packets_published != t.packets_framed + t.frames_lost)
		return VEGA_ERR_EX(-EOVERFLOW, EX_SOFTWARE,
			"internal error: %llu packets published, but %llu framed and %llu frames "
			"lost",
			(unsigned long long)t.packets_published,
			(unsigned long long)t.packets_framed, (unsigned long long)t.frames_lost);
	return summary->journal != NULL ? check_written(&summary->stat.image) : 0;
}

/* Ports that cannot tell their own loss; 0 says that packets_dropped is complete. */
static uint64_t
blind_port_cnt(const struct vega_control_image *image)
{
	uint64_t cnt = 0;

	for (uint32_t i = 0; i < image->control.port_cnt; i++)
		cnt += image->ports[i].loss_observable == 0;
	return cnt;
}

static uint64_t
sum_drain(const struct vega_control_image *image, uint64_t (*cell)(const struct vega_drain_cells *))
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < image->control.feed_cnt; i++)
		sum += cell(&image->drain[i]);
	return sum;
}

static uint64_t
bytes_written(const struct vega_drain_cells *cells)
{
	return cells->bytes_written;
}

static uint64_t
files_sealed(const struct vega_drain_cells *cells)
{
	return cells->files_sealed;
}

static int
print_json(const struct vega_summary *s)
{
	const struct vega_control_image *image = &s->stat.image;
	json_t *object = json_object();

	vega_stat_totals_json(&s->stat, object);
	(void)json_object_set_new(object, "duration_ns", json_integer((json_int_t)s->duration_ns));
	(void)json_object_set_new(
		object, "journal", s->journal != NULL ? vega_json_text(s->journal) : json_null());
	(void)json_object_set_new(
		object, "journal_bytes", json_integer((json_int_t)sum_drain(image, bytes_written)));
	(void)json_object_set_new(
		object, "journal_files", json_integer((json_int_t)sum_drain(image, files_sealed)));
	(void)json_object_set_new(object, "io", json_string(image->control.io));
	(void)json_object_set_new(object, "region", json_string(image->control.name));
	(void)json_object_set_new(object, "memory",
		json_string(image->control.memory == VEGA_MEMORY_HUGE ? "huge" : "shm"));
	(void)json_object_set_new(object, "memory_text", json_string(s->memory));
	(void)json_object_set_new(
		object, "buffers", s->buffers != NULL ? json_string(s->buffers) : json_null());
	(void)json_object_set_new(object, "ports_loss_not_observable",
		json_integer((json_int_t)blind_port_cnt(image)));
	return vega_cli_json(object);
}

/* "  12 imissed" for each cause that is not 0. */
static void
print_causes(const struct vega_summary *s, const char *prefix)
{
	json_t *object = json_object();
	const char *cause;
	json_t *count;

	vega_stat_totals_json(&s->stat, object);
	json_object_foreach(json_object_get(object, prefix), cause,
		count) if (json_integer_value(count) != 0)(void)
		printf(", %s %lld", cause, (long long)json_integer_value(count));
	json_decref(object);
	(void)putchar('\n');
}

static int
print_text(const struct vega_summary *s)
{
	const struct vega_control_image *image = &s->stat.image;
	const double seconds = s->duration_ns != 0 ? (double)s->duration_ns / 1e9 : 1e-9;
	struct vega_totals t;
	char rate[32];
	char bytes[32];

	vega_stat_totals(&s->stat, &t);
	(void)printf("received   %llu packets, %s, in %.3f s (%s a second)\n",
		(unsigned long long)t.packets_received, vega_text_bytes(bytes, t.bytes), seconds,
		vega_text_count(rate, (double)t.packets_received / seconds));
	(void)printf("published  %llu, framed %llu\n", (unsigned long long)t.packets_published,
		(unsigned long long)t.packets_framed);
	(void)printf("dropped    %llu", (unsigned long long)t.packets_dropped);
	print_causes(s, "packets_dropped");
	(void)printf("lost       %llu frames", (unsigned long long)t.frames_lost);
	print_causes(s, "frames_lost_by_cause");
	for (uint32_t i = 0; i < image->control.port_cnt; i++)
		if (image->ports[i].loss_observable == 0)
			(void)printf("port       %s: its own loss is not observable\n",
				image->ports[i].name);
	if (s->journal != NULL)
		(void)printf("journal    %s: %s in %llu files\n", s->journal,
			vega_text_bytes(bytes, sum_drain(image, bytes_written)),
			(unsigned long long)sum_drain(image, files_sealed));
	return 0;
}

int
vega_summary_print(const struct vega_summary *summary, bool json)
{
	return json ? print_json(summary) : print_text(summary);
}
