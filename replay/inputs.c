/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/inputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hugepages/base/zone.h"
#include "store/export.h"

struct window {
	uint64_t from_ns;
	uint64_t to_ns;
};

/*
 * A folder has to be a journal. A file is one when it opens as one; else it is taken for a capture, which is also how a
 * journal of a version unknown here can still be replayed. Returns NULL in *ret_journal for a capture file.
 */
static int
open_path(const char *path, struct vega_journal **ret_journal)
{
	struct stat st;
	int rc;

	*ret_journal = NULL;
	if (stat(path, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0; /* opening it as a capture tells why, and reads pipes */
	rc = vega_journal_open(path, ret_journal);
	if (rc != 0)
		*ret_journal = NULL;
	return rc == -EBADMSG && S_ISREG(st.st_mode) ? 0 : rc;
}

static int
open_journals(const struct vega_inputs_conf *conf, struct vega_inputs *inputs)
{
	inputs->journals = calloc(conf->path_cnt, sizeof(struct vega_journal *));
	inputs->inputs = calloc(VEGA_INPUT_CNT_MAX, sizeof(struct vega_input *));
	if (inputs->journals == NULL || inputs->inputs == NULL)
		return VEGA_ERR(-ENOMEM, "need memory for %u inputs, found none", conf->path_cnt);
	inputs->path_cnt = conf->path_cnt;
	for (uint32_t i = 0; i < conf->path_cnt; i++) {
		int rc = open_path(conf->paths[i], &inputs->journals[i]);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static const struct vega_journal *
first_journal(const struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->path_cnt; i++)
		if (inputs->journals[i] != NULL)
			return inputs->journals[i];
	return NULL;
}

static int
parse_window(const struct vega_inputs_conf *conf, const struct vega_zone *zone, uint32_t day,
	struct window *window)
{
	int rc = 0;

	*window = (struct window){0, UINT64_MAX};
	if (conf->from != NULL)
		rc = vega_parse_time("--from", conf->from, zone, day, &window->from_ns);
	if (rc == 0 && conf->to != NULL)
		rc = vega_parse_time("--to", conf->to, zone, day, &window->to_ns);
	if (rc == 0 && window->from_ns >= window->to_ns)
		rc = VEGA_ERR(-EINVAL, "need --from before --to, found %s and %s",
			conf->from != NULL ? conf->from : "none",
			conf->to != NULL ? conf->to : "none");
	return rc;
}

static int
find_window(const struct vega_inputs_conf *conf, const struct vega_inputs *inputs,
	struct window *window)
{
	const struct vega_journal *journal = first_journal(inputs);
	struct vega_zone *zone;
	int rc;

	if (journal == NULL)
		return parse_window(conf, NULL, 0, window);
	rc = vega_zone_new(vega_journal_zone(journal), vega_journal_day_start_s(journal), &zone);
	if (rc != 0)
		return rc;
	rc = parse_window(conf, zone, vega_journal_day(journal), window);
	vega_zone_delete(zone);
	return rc;
}

static bool
is_wanted(const struct vega_inputs_conf *conf, const char *feed)
{
	for (uint32_t i = 0; i < conf->feed_cnt; i++)
		if (vega_feed_is(conf->feeds[i], feed))
			return true;
	return conf->feed_cnt == 0;
}

static int
check_room(const struct vega_inputs *inputs)
{
	if (inputs->input_cnt < VEGA_INPUT_CNT_MAX)
		return 0;
	return VEGA_ERR(-EINVAL, "need at most %u feeds and files, found more; choose with --feed",
		VEGA_INPUT_CNT_MAX);
}

/* The input opened last is counted, and shaped where that is asked for. */
static int
take_input(const struct vega_inputs_conf *conf, struct vega_inputs *inputs)
{
	struct vega_input **input = &inputs->inputs[inputs->input_cnt++];

	return vega_shape_is_wanted(&conf->shape) ? vega_input_shape(*input, &conf->shape, input)
						  : 0;
}

static int
add_journal(const struct vega_inputs_conf *conf, uint32_t path_idx, const struct window *window,
	struct vega_inputs *inputs)
{
	struct vega_journal *journal = inputs->journals[path_idx];

	for (uint32_t feed = 0; feed < vega_journal_feed_cnt(journal); feed++) {
		int rc;

		if (!is_wanted(conf, vega_journal_feed(journal, feed)))
			continue;
		rc = check_room(inputs);
		if (rc == 0)
			rc = vega_input_open_journal(journal, feed, conf->paths[path_idx],
				window->from_ns, window->to_ns, &inputs->inputs[inputs->input_cnt]);
		if (rc == 0)
			rc = take_input(conf, inputs);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
add_capture(const struct vega_inputs_conf *conf, uint32_t path_idx, const struct window *window,
	struct vega_inputs *inputs)
{
	int rc = check_room(inputs);

	if (rc == 0 && conf->feed_cnt != 0)
		rc = VEGA_ERR(-EINVAL,
			"--feed: need a journal, found %s, a capture file, which has no feeds; "
			"leave --feed out",
			conf->paths[path_idx]);
	if (rc == 0)
		rc = vega_input_open_pcap(conf->paths[path_idx], window->from_ns, window->to_ns,
			conf->stop, &inputs->inputs[inputs->input_cnt]);
	return rc == 0 ? take_input(conf, inputs) : rc;
}

/* Every feed asked for must be in some journal. */
static int
check_feeds(const struct vega_inputs_conf *conf, const struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < conf->feed_cnt; i++) {
		bool found = false;

		for (uint32_t p = 0; p < inputs->path_cnt; p++)
			for (uint32_t f = 0; inputs->journals[p] != NULL &&
					     f < vega_journal_feed_cnt(inputs->journals[p]);
				f++)
				found |= vega_feed_is(
					conf->feeds[i], vega_journal_feed(inputs->journals[p], f));
		if (!found)
			return VEGA_ERR(-ENOENT,
				"--feed: need a feed of the journal, found no '%s'; `vega-journal "
				"info` lists them",
				conf->feeds[i]);
	}
	return 0;
}

/* Two readers of one stream would get its bytes by turns. */
static int
check_stdin(const struct vega_inputs_conf *conf)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < conf->path_cnt; i++)
		cnt += strcmp(conf->paths[i], "-") == 0;
	return cnt < 2 ? 0
		       : VEGA_ERR(-EINVAL, "need standard input (-) once, found it %u times", cnt);
}

static int
open_inputs(const struct vega_inputs_conf *conf, struct vega_inputs *inputs)
{
	struct window window;
	int rc = check_stdin(conf);

	if (rc == 0)
		rc = open_journals(conf, inputs);
	if (rc == 0)
		rc = find_window(conf, inputs, &window);
	if (rc == 0 && window.from_ns < conf->from_ns)
		window.from_ns = conf->from_ns < window.to_ns ? conf->from_ns : window.to_ns;
	for (uint32_t i = 0; rc == 0 && i < conf->path_cnt; i++)
		rc = inputs->journals[i] != NULL ? add_journal(conf, i, &window, inputs)
						 : add_capture(conf, i, &window, inputs);
	if (rc == 0)
		rc = check_feeds(conf, inputs);
	return rc;
}

int
vega_inputs_open(const struct vega_inputs_conf *conf, struct vega_inputs *ret_inputs)
{
	struct vega_inputs inputs = {0};
	int rc = open_inputs(conf, &inputs);

	if (rc != 0)
		vega_inputs_close(&inputs);
	else
		*ret_inputs = inputs;
	return rc;
}

void
vega_inputs_close(struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->input_cnt; i++)
		inputs->inputs[i]->ops->close(inputs->inputs[i]);
	for (uint32_t i = 0; i < inputs->path_cnt; i++)
		if (inputs->journals[i] != NULL)
			vega_journal_close(inputs->journals[i]);
	free(inputs->journals);
	free(inputs->inputs);
	*inputs = (struct vega_inputs){0};
}

struct vega_input_damage
vega_inputs_damage(const struct vega_inputs *inputs)
{
	struct vega_input_damage sum = {0};

	for (uint32_t i = 0; i < inputs->input_cnt; i++) {
		struct vega_input_damage one = vega_input_damage(inputs->inputs[i]);

		sum.hole_cnt += one.hole_cnt;
		sum.hole_bytes += one.hole_bytes;
		sum.bad_blocks += one.bad_blocks;
	}
	return sum;
}

uint64_t
vega_inputs_timeless(const struct vega_inputs *inputs)
{
	uint64_t frame_cnt = 0;

	for (uint32_t i = 0; i < inputs->input_cnt; i++)
		frame_cnt += inputs->inputs[i]->reader.timeless_cnt;
	return frame_cnt;
}

uint64_t
vega_inputs_recorded(const struct vega_inputs *inputs)
{
	uint64_t frame_cnt = 0;

	for (uint32_t i = 0; i < inputs->input_cnt; i++)
		frame_cnt += inputs->inputs[i]->reader.recorded_cnt;
	return frame_cnt;
}

int
vega_inputs_verdict(const struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < inputs->input_cnt; i++) {
		const struct vega_input *input = inputs->inputs[i];
		const struct vega_input_damage damage = vega_input_damage(input);
		int rc = vega_input_error(input);

		if (rc != 0)
			return rc;
		if (damage.hole_cnt + damage.bad_blocks != 0)
			return VEGA_ERR(-EBADMSG,
				"%s: need whole blocks, found %llu damaged (%llu bytes), passed "
				"over; `vega-journal verify` tells where",
				input->name,
				(unsigned long long)(damage.hole_cnt + damage.bad_blocks),
				(unsigned long long)damage.hole_bytes);
	}
	return 0;
}
