/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cme-mdp3: any datagram, as lines and as records. A message can be odd to the records alone: for an entry that says what cannot be.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/lib/lane.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct lane lane;
	struct decoded got;
	struct walked walked;
	bool was_full;

	lane_begin(&lane, &vega_format_cme_mdp3);
	got = lane_decode(&lane, data, (uint32_t)bytes, UINT64_MAX);
	was_full = got.record_cnt >= lane.ring.capacity / 2 - 4096;
	FUZZ_CHECK(got.record_cnt < lane.ring.capacity / 2);
	FUZZ_CHECK(walk_all(&vega_format_cme_mdp3, data, (uint32_t)bytes, NULL, NULL, &walked));
	FUZZ_CHECK(was_full || got.message_cnt == walked.message_cnt);
	FUZZ_CHECK(was_full || got.is_malformed == (walked.rc != 0));
	FUZZ_CHECK(was_full || got.odd_cnt >= walked.odd_cnt);
	for (uint64_t i = 0; i < got.record_cnt; i++)
		FUZZ_CHECK(lane_is_sound(i != 0 ? lane_record(&lane, i - 1) : NULL,
			lane_record(&lane, i), i + 1 == got.record_cnt));
	return 0;
}
