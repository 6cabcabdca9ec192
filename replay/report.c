/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/report.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"
#include "replay/pace.h"
#include "replay/page.h"

void
vega_report_init(struct vega_report *report)
{
	memset(report, 0, sizeof(*report));
	report->cpu = -1;
	report->scheduler = "normal";
	report->interrupted = true; /* until it has ended otherwise */
	vega_histogram_init(&report->error);
	vega_histogram_init(&report->disturbed_error);
	vega_timeline_init(&report->timeline);
}

void
vega_report_disturbed(struct vega_report *report, uint64_t packet_idx, uint64_t error_ns)
{
	const uint32_t cnt = report->disturbance_cnt;
	struct vega_report_disturbance *last = &report->disturbances[cnt != 0 ? cnt - 1 : 0];

	report->disturbed_cnt++;
	vega_histogram_add(&report->disturbed_error, error_ns);
	if (cnt != 0 && packet_idx == last->packet_idx + last->packet_cnt)
		last->packet_cnt++;
	else if (cnt < VEGA_REPORT_DISTURBANCE_CNT_MAX)
		report->disturbances[report->disturbance_cnt++] =
			(struct vega_report_disturbance){packet_idx, 1};
}

void
vega_report_undisturbed(const struct vega_report *report, struct vega_histogram *ret_error)
{
	*ret_error = report->error;
	vega_histogram_remove(ret_error, &report->disturbed_error);
}

static json_t *
integer(uint64_t value)
{
	return json_integer(vega_json_int(value));
}

/* Set keys of `report` one by one: json_object_set_new takes a NULL value as its error, and so does every key after it. */
static int
add_counts(json_t *json, const struct vega_report *r)
{
	const uint64_t span_ns = r->end_ns - r->begin_ns;
	const double span_s = (double)span_ns / 1e9;
	int bad = 0;

	bad |= json_object_set_new(json, "packets_read", integer(r->frames_taken));
	bad |= json_object_set_new(json, "packets_sent", integer(r->tx.packets_sent));
	bad |= json_object_set_new(json, "bytes_sent", integer(r->tx.bytes_sent));
	bad |= json_object_set_new(json, "packets_cut", integer(r->tx.packets_cut));
#define ADD_REASON(name, doc) \
	bad |= json_object_set_new(json, "not_sent_" #name, integer(r->tx.not_sent_##name));
	VEGA_TX_REASONS(ADD_REASON)
#undef ADD_REASON
	bad |= json_object_set_new(json, "first_ns", integer(r->first_ns));
	bad |= json_object_set_new(json, "last_ns", integer(r->last_ns));
	bad |= json_object_set_new(json, "duration_ns", integer(span_ns));
	bad |= json_object_set_new(json, "packets_per_second",
		span_ns == 0 ? json_null() : json_real((double)r->tx.packets_sent / span_s));
	return bad;
}

const char *
vega_report_departures(const struct vega_report *report)
{
	if (report->lead_ns != 0)
		return "sent on timestamp by the port, whose errors the sender does not see";
	return vega_report_is_paced(report) ? "spun on the TSC" : NULL;
}

static json_t *
text_departures(const struct vega_report *r)
{
	if (r->lead_ns != 0)
		return json_string("timestamp");
	return vega_report_is_paced(r) ? json_string("spun") : json_null();
}

/* Null where there are none. */
static int
add_quantiles(json_t *json, const char *stem, const struct vega_histogram *error)
{
	static const struct {
		const char *name;
		uint32_t permille;
	} quantiles[] = {{"p50", 500}, {"p99", 990}, {"p999", 999}, {"max", 1000}};
	char key[64];
	int bad = 0;

	for (size_t i = 0; i < VEGA_ARRAY_CNT(quantiles); i++) {
		(void)snprintf(key, sizeof(key), "%s_%s", stem, quantiles[i].name);
		bad |= json_object_set_new(json, key,
			error->cnt != 0
				? integer(vega_histogram_quantile(error, quantiles[i].permille))
				: json_null());
	}
	return bad;
}

static int
add_errors(json_t *json, const struct vega_report *r)
{
	const bool paced = vega_report_is_paced(r);
	int bad = add_quantiles(json, "departure_error_ns", &r->error);

	bad |= json_object_set_new(json, "departures", text_departures(r));
	bad |= json_object_set_new(
		json, "hand_over_lead_ns", r->lead_ns != 0 ? integer(r->lead_ns) : json_null());
	bad |= json_object_set_new(
		json, "late_count", paced || r->lead_ns != 0 ? integer(r->late_cnt) : json_null());
	bad |= json_object_set_new(
		json, "early_count", paced ? integer(r->early_cnt) : json_null());
	bad |= json_object_set_new(
		json, "early_ns_max", paced ? integer(r->early_ns_max) : json_null());
	bad |= json_object_set_new(json, "late_threshold_ns", integer(VEGA_REPORT_LATE_NS));
	bad |= json_object_set_new(
		json, "drift_ns", paced ? json_integer(vega_report_drift_ns(r)) : json_null());
	return bad;
}

/* Which departures: pairs of the first packet and how many. */
static json_t *
disturbed_packets(const struct vega_report *r)
{
	json_t *array = json_array();
	int bad = array == NULL;

	for (uint32_t i = 0; bad == 0 && i < r->disturbance_cnt; i++)
		bad = json_array_append_new(
			array, json_pack("[I, I]", (json_int_t)r->disturbances[i].packet_idx,
				       (json_int_t)r->disturbances[i].packet_cnt));
	if (bad != 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

/* What the machine took, and the errors without. */
static int
add_disturbances(json_t *json, const struct vega_report *r)
{
	struct vega_histogram undisturbed;
	int bad = 0;

	vega_report_undisturbed(r, &undisturbed);
	bad |= json_object_set_new(json, "spun_ns", integer(r->spun_ns));
	bad |= json_object_set_new(json, "away_ns", integer(r->away_ns));
	bad |= json_object_set_new(json, "away_count", integer(r->away_cnt));
	bad |= json_object_set_new(json, "away_threshold_ns", integer(VEGA_REPORT_AWAY_NS));
	bad |= json_object_set_new(json, "disturbed_count", integer(r->disturbed_cnt));
	bad |= json_object_set_new(json, "disturbed_packets", disturbed_packets(r));
	bad |= add_quantiles(json, "undisturbed_error_ns", &undisturbed);
	bad |= json_object_set_new(json, "warm_up_count", integer(r->warm_up_cnt));
	return bad;
}

static int
add_circumstances(json_t *json, const struct vega_report *r)
{
	int bad = 0;

	bad |= json_object_set_new(json, "starved_count", integer(r->starved_cnt));
	bad |= json_object_set_new(json, "starved_ns", integer(r->starved_ns));
	bad |= json_object_set_new(json, "output_full_count", integer(r->full_cnt));
	bad |= json_object_set_new(
		json, "damaged_extents", integer(r->damage.hole_cnt + r->damage.bad_blocks));
	bad |= json_object_set_new(json, "damaged_bytes", integer(r->damage.hole_bytes));
	bad |= json_object_set_new(json, "interrupted", json_boolean(r->interrupted));
	bad |= json_object_set_new(json, "cpu", r->cpu < 0 ? json_null() : json_integer(r->cpu));
	bad |= json_object_set_new(json, "scheduler", json_string(r->scheduler));
	return bad;
}

json_t *
vega_report_json(const struct vega_report *report)
{
	json_t *json = json_object();
	int bad = 0;

	if (json == NULL)
		return NULL;
	bad |= json_object_set_new(json, "output", vega_json_text(report->output));
	bad |= json_object_set_new(json, "speed",
		report->speed_millionths == 0
			? json_string("max")
			: json_real((double)report->speed_millionths / VEGA_SPEED_UNIT));
	bad |= json_object_set_new(
		json, "rate_pps", report->rate_pps == 0 ? json_null() : integer(report->rate_pps));
	bad |= json_object_set_new(
		json, "clock", json_string(report->exchange_clock ? "exchange" : "receive"));
	bad |= json_object_set_new(json, "packets_without_exchange_time",
		report->exchange_clock ? integer(report->timeless_cnt) : json_null());
	bad |= json_object_set_new(json, "packets_timed_by_records",
		report->exchange_clock ? integer(report->recorded_cnt) : json_null());
	bad |= json_object_set_new(json, "laps", integer(report->lap_cnt));
	bad |= json_object_set_new(json, "inputs", integer(report->input_cnt));
	bad |= add_counts(json, report);
	bad |= add_errors(json, report);
	bad |= add_disturbances(json, report);
	bad |= add_circumstances(json, report);
	if (bad != 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

int
vega_report_write(const struct vega_report *report, const char *path)
{
	json_t *json = vega_report_json(report);
	FILE *file;
	int bad;

	if (json == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the report, found none");
	file = fopen(path, "we");
	if (file == NULL) {
		json_decref(json);
		return VEGA_ERR_EX(-errno, errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
			"%s: need to create the report, found: %s; give --report another path",
			path, strerror(errno));
	}
	bad = json_dumpf(json, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) != 0;
	bad |= fputc('\n', file) == EOF;
	bad |= fclose(file) != 0;
	json_decref(json);
	if (bad)
		return VEGA_ERR(
			-EIO, "%s: need to write the report, found: %s", path, strerror(errno));
	return 0;
}

int
vega_report_write_page(const struct vega_report *report, const char *path)
{
	json_t *json = vega_report_json(report);
	const char *departures = vega_report_departures(report);
	char note[128];
	const struct vega_page page = {
		.title = "VEGA replay",
		.note = departures != NULL ? note : NULL,
		.has_due = departures != NULL,
		.due_name = "original",
		.sent_name = "replay",
		.figures = json,
		.timeline = &report->timeline,
		.error = &report->error,
	};
	int rc;

	if (json == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for the report, found none");
	(void)snprintf(note, sizeof(note), "Departures: %s.", departures != NULL ? departures : "");
	rc = vega_page_write(&page, path);
	json_decref(json);
	return rc;
}
