/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/gen_truth.h"

#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"

static void
set(json_t *object, const char *key, uint64_t value)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void
set_lost(json_t *object, const char *front, const struct vega_gen_loss *lost)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "%smessages_lost", front);
	set(object, key, lost->all);
	(void)snprintf(key, sizeof(key), "%smessages_lost_a", front);
	set(object, key, lost->line[0]);
	(void)snprintf(key, sizeof(key), "%smessages_lost_b", front);
	set(object, key, lost->line[1]);
}

static void
set_stream(json_t *object, uint32_t idx, const struct vega_gen_truth *truth)
{
	char front[32];
	char key[64];
	uint64_t last_seq = truth->stream_last_seq[idx];

	(void)snprintf(front, sizeof(front), "stream_%u_", idx + 1);
	(void)snprintf(key, sizeof(key), "%sfirst_seq", front);
	set(object, key, last_seq > 0 ? 1 : 0);
	(void)snprintf(key, sizeof(key), "%slast_seq", front);
	set(object, key, last_seq);
	set_lost(object, front, &truth->stream_lost[idx]);
}

json_t *
vega_gen_truth_json(const struct vega_gen_config *config, const struct vega_gen_truth *truth)
{
	json_t *object = json_object();

	(void)json_object_set_new(object, "feed", json_string(config->feed->name));
	(void)json_object_set_new(object, "segment", json_string(config->segment->name));
	set(object, "seed", config->seed);
	set(object, "streams", config->stream_cnt);
	set(object, "packets", truth->packets[0] + truth->packets[1]);
	set(object, "packets_a", truth->packets[0]);
	set(object, "packets_b", truth->packets[1]);
	set(object, "bytes", truth->bytes);
	set(object, "first_ns", truth->first_ns);
	set(object, "last_ns", truth->last_ns);
	set(object, "heartbeats", truth->heartbeats);
	set(object, "packets_lost_a", truth->packets_lost[0]);
	set(object, "packets_lost_b", truth->packets_lost[1]);
	set(object, "packets_duplicated", truth->packets_duplicated);
	set(object, "packets_reordered", truth->packets_reordered);
	set(object, "messages", truth->messages);
	set_lost(object, "", &truth->messages_lost);
	for (uint32_t i = 0; i < config->stream_cnt; i++)
		set_stream(object, i, truth);
	return object;
}

static int
write_json(const char *path, json_t *object)
{
	FILE *file = fopen(path, "we");
	int bad;

	if (file == NULL)
		return VEGA_ERR_EX(-errno, EX_CANTCREAT, "need to create %s, found: %s", path,
			strerror(errno));
	errno = 0;
	bad = json_dumpf(object, file, JSON_INDENT(2));
	bad |= fputc('\n', file) == EOF;
	bad |= fclose(file);
	if (!bad)
		return 0;
	bad = errno != 0 ? errno : EIO;
	return VEGA_ERR(-bad, "%s: need to write it, found: %s", path, strerror(bad));
}

int
vega_gen_truth_write(struct vega_gen_out *out, const struct vega_gen_config *config,
	const struct vega_gen_truth *truth)
{
	json_t *object = vega_gen_truth_json(config, truth);
	int rc;

	if (strcmp(out->work, "-") == 0) {
		rc = vega_cli_json(object);
	} else {
		rc = write_json(out->work, object);
		json_decref(object);
	}
	if (rc == 0)
		return vega_gen_out_commit(out);
	vega_gen_out_abort(out);
	return rc;
}
